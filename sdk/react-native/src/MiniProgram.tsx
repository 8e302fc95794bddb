// One program: its WebView, and the cover that this side draws over it whatever the page does.

import { useCallback, useState } from 'react'
import type { ReactElement, ReactNode } from 'react'
import { StyleSheet, View } from 'react-native'
import { WebView } from 'react-native-webview'
import { HARDENED } from './hardened'
import type { PorticoHost } from './PorticoHost'
import type { Drawn } from './types'

export interface MiniProgramProps {
  host: PorticoHost
  program: Drawn
  /** What stands on the cover; the cover itself is there already, and opaque. */
  renderCover: (program: Drawn) => ReactNode
}

/** Draws a program. Its `key` is the program's own: another one is another WebView. */
export function MiniProgram({ host, program, renderCover }: MiniProgramProps): ReactNode {
  // Bound once: this component never belongs to another instance.
  const [open] = useState(() => host.program(program.key))
  const [instance] = useState(() => open?.instance ?? null)
  const [first] = useState(() => open?.first)
  const attach = useCallback((view: WebView | null) => instance?.attach(view), [instance])
  if (!open || !instance || !first) return null
  const hidden = program.reason !== null || program.covered
  const cover = (reason: string | null): ReactElement => (
    <View style={[styles.whole, styles.cover]} accessibilityViewIsModal accessibilityLiveRegion="assertive">
      {renderCover({ ...program, reason })}
    </View>
  )
  return (
    <View style={program.inFront ? styles.whole : styles.away} accessibilityElementsHidden={!program.inFront}>
      <View
        style={[styles.whole, hidden && styles.unseen]}
        pointerEvents={program.inert ? 'none' : 'auto'}
        accessibilityElementsHidden={program.inert}
        importantForAccessibility={program.inert ? 'no-hide-descendants' : 'auto'}
      >
        {open.instance === instance && (
          <WebView
            {...HARDENED}
            ref={attach}
            source={first}
            allowsBackForwardNavigationGestures
            onMessage={({ nativeEvent }) => instance.message(nativeEvent)}
            onShouldStartLoadWithRequest={(request) => instance.mayGo(request)}
            onLoadStart={({ nativeEvent }) => instance.shows(nativeEvent.url)}
            onNavigationStateChange={(now) => (open.canGoBack = now.canGoBack)}
            onOpenWindow={({ nativeEvent }) => instance.opens(nativeEvent.targetUrl)}
            renderError={() => cover('temporarily_unavailable')}
            onRenderProcessGone={() => open.restart()}
            onContentProcessDidTerminate={() => open.restart()}
          />
        )}
      </View>
      {hidden && cover(program.reason)}
    </View>
  )
}

const styles = StyleSheet.create({
  whole: { position: 'absolute', top: 0, right: 0, bottom: 0, left: 0 },
  away: { display: 'none' },
  unseen: { opacity: 0 },
  cover: { backgroundColor: '#fff', alignItems: 'center', justifyContent: 'center', padding: 24 },
})
