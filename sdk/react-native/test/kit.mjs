// The kit as it is built, with a device that a test moves.

import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const here = (relative) => fileURLToPath(new URL(relative, import.meta.url))
process.env.PORTICO_BRIDGE = here('../../../static/bridge/portico.js')
// Beside the packages, so that it finds them; one for each file of tests.
const folder = here('../node_modules/.kit')
const outfile = `${folder}/${process.pid}.mjs`
mkdirSync(folder, { recursive: true })
buildSync({
  stdin: {
    contents: `
      export * from './build/index.js'
      export { originOf, readInteraction } from './build/address.js'
      export { EventReader } from './build/events.js'
      export { bind, parse } from './build/host.js'
      export { handOver, Instance } from './build/instance.js'
      export { device } from 'react-native'
      export { views } from 'react-native-webview'`,
    resolveDir: here('..'),
  },
  outfile, bundle: true, format: 'esm', platform: 'node', external: ['react', 'react/jsx-runtime'],
  alias: { 'react-native': here('fakes/react_native.mjs'), 'react-native-webview': here('fakes/webview.mjs') },
})

export const kit = await import(outfile)

/** Time that passes when a test says so, and chance that is none. */
export class FakeWorld {
  #now = 1_800_000_000_000
  #timers = new Map()
  #count = 0
  now = () => this.#now
  setTimeout = (callback, ms) => {
    this.#timers.set((this.#count += 1), { callback, at: this.#now + ms })
    return this.#count
  }
  clearTimeout = (timer) => void this.#timers.delete(timer)
  random = (bytes) => bytes.map(() => (this.#count += 7) % 251)
  timers = () => this.#timers.size

  /** Time passes, and what was to happen meanwhile happens. */
  async passes(ms) {
    await settled()
    const end = this.#now + ms
    for (;;) {
      const [next] = [...this.#timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)
      if (!next) break
      this.#timers.delete(next[0])
      this.#now = Math.max(this.#now, next[1].at)
      next[1].callback()
      await settled()
    }
    this.#now = end
    await settled()
  }

  /** The device sleeps, or its clock is set: nothing happens meanwhile. */
  sleeps(ms) {
    this.#now += ms
  }
}

/** Lets everything that is ready run. */
export const settled = () => new Promise((done) => setImmediate(done))
