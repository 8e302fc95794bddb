// All programs of a host, the consent sheet over them, and plain words where the app brings none.

import type { ReactNode } from 'react'
import { Pressable, StyleSheet, Text, View } from 'react-native'
import { WebView } from 'react-native-webview'
import { HARDENED } from './hardened'
import type { PorticoHost } from './PorticoHost'
import { MiniProgram } from './MiniProgram'
import type { Drawn } from './types'
import { usePorticoHost } from './usePorticoHost'

export interface MiniProgramsProps {
  host: PorticoHost
  /** What stands on the cover of a program: words in the person's language, a way to sign in, to try again. */
  renderCover?: (program: Drawn) => ReactNode
  /** How a screen reader calls what closes the sheet. */
  closeLabel?: string
}

/** Draws a host's programs over whatever is below; nothing, while none is in front. */
export function MiniPrograms({ host, renderCover = plainly, closeLabel = 'Not now' }: MiniProgramsProps): ReactNode {
  const { programs, sheet } = usePorticoHost(host)
  return (
    <View style={styles.whole} pointerEvents="box-none">
      {programs.map((program) => (
        <MiniProgram key={program.key} host={host} program={program} renderCover={renderCover} />
      ))}
      {sheet && (
        <View key={sheet.key} style={styles.whole} accessibilityViewIsModal>
          <Pressable style={styles.beside} accessibilityRole="button" accessibilityLabel={closeLabel} onPress={() => host.back()} />
          <View style={styles.sheet}>
            <WebView
              {...HARDENED}
              source={{ uri: sheet.interaction_uri }}
              onShouldStartLoadWithRequest={({ url }) => host.sheetMayGo(sheet.key, url)}
              onLoadStart={({ nativeEvent }) => void host.sheetMayGo(sheet.key, nativeEvent.url)}
              onOpenWindow={() => {}}
            />
          </View>
        </View>
      )}
    </View>
  )
}

const UNAVAILABLE = ['suspended', 'temporarily_unavailable', 'origin_not_allowed']

const plainly = ({ reason }: Drawn): ReactNode => (
  <Text>{reason === null ? 'One moment' : UNAVAILABLE.includes(reason) ? 'Not available at the moment' : 'Your session is over'}</Text>
)

const styles = StyleSheet.create({
  whole: { position: 'absolute', top: 0, right: 0, bottom: 0, left: 0 },
  beside: { flex: 1, backgroundColor: 'rgba(0, 0, 0, 0.4)' },
  sheet: { flex: 4, backgroundColor: '#fff', overflow: 'hidden', borderTopLeftRadius: 16, borderTopRightRadius: 16 },
})
