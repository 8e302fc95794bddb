// The shared vectors, read and made ready: `$name` stands for a value, `$repeat` for a long text.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const folder = new URL('../../sdk/vectors/', import.meta.url)

export const Portico = require('../../static/bridge/portico.js')
export const PorticoHost = require('../../static/bridge/host.js')
export const PorticoStream = require('../../static/bridge/stream.js')

/** A file of vectors, with its values in their places. */
export function vectors(name) {
  const file = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
  return fill(file, file.values ?? {})
}

function fill(value, values) {
  if (typeof value === 'string') return Object.hasOwn(values, value) ? values[value] : value
  if (Array.isArray(value)) return value.map((item) => fill(item, values))
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value.$repeat)) {
    const [text, times] = value.$repeat
    return `${value.before ?? ''}${text.repeat(times)}${value.after ?? ''}`
  }
  // `values` itself names what it defines.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, key === 'values' ? item : fill(item, values)]))
}

/** Lets everything that is ready run: promises, and messages between ports. */
export const settled = () => new Promise((done) => setImmediate(done))
