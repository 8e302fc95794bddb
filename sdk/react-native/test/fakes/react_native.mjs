// React Native, as far as the kit uses it: views are elements by name, and a test moves the device.

export const View = 'View'
export const Text = 'Text'
export const Pressable = 'Pressable'
export const StyleSheet = { create: (styles) => styles }
export const Platform = { OS: 'ios' }

const listeners = { change: new Set(), hardwareBackPress: new Set() }
const addEventListener = (name, listener) => {
  listeners[name].add(listener)
  return { remove: () => listeners[name].delete(listener) }
}
export const AppState = { addEventListener }
export const BackHandler = { addEventListener }

export const device = {
  /** The app comes to the front, or goes: `active`, `inactive`, `background`. */
  app: (state) => listeners.change.forEach((listener) => listener(state)),
  /** The back gesture; whether somebody took it. */
  back: () => [...listeners.hardwareBackPress].reverse().some((listener) => listener()),
  listeners: () => listeners.change.size + listeners.hardwareBackPress.size,
}
