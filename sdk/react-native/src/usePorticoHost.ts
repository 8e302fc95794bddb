// A host in React: what is to be drawn, and what the device says meanwhile.

import { useEffect, useSyncExternalStore } from 'react'
import { AppState, BackHandler } from 'react-native'
import type { PorticoHost } from './PorticoHost'
import type { HostState } from './types'

/**
 * What is to be drawn now. While a component with this hook is mounted, the host hears when the app goes to
 * the background and comes back, and takes Android's back gesture.
 */
export function usePorticoHost(host: PorticoHost): HostState {
  useEffect(() => {
    // On iOS an app is `inactive` for a moment, under a call or the notifications: it is still in front.
    const hear = (now: string) => {
      if (now !== 'inactive') host.appIs(now === 'active')
    }
    const app = AppState.addEventListener('change', hear)
    const back = BackHandler.addEventListener('hardwareBackPress', () => host.back())
    return () => {
      app.remove()
      back.remove()
    }
  }, [host])
  return useSyncExternalStore(host.subscribe, () => host.state, () => host.state)
}
