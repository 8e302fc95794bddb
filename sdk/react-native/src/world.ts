// Time and randomness of the device.

import type { World } from './types'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The device's own. React Native has no secure randomness by itself: a package brings it (README). */
export const device: World = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  random(bytes) {
    const { crypto } = globalThis as { crypto?: { getRandomValues?(bytes: Uint8Array): Uint8Array } }
    if (!crypto?.getRandomValues) throw new Error('crypto.getRandomValues is missing: import react-native-get-random-values first')
    return crypto.getRandomValues(bytes)
  },
}

/** A nonce of 144 bits. */
export const drawNonce = (world: World): string =>
  Array.from(world.random(new Uint8Array(24)), (byte) => ALPHABET[byte % 64]).join('')
