// The files as they are served: how long, and that nothing in them needs more than a strict page allows.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'

const folder = new URL('../../static/bridge/', import.meta.url)
const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'))

test('each script is shorter than 8 kB when it is minified', () => {
  assert.deepEqual(scripts, ['host.js', 'portico.js', 'stream.js'])
  for (const name of scripts) {
    const { code } = transformSync(readFileSync(new URL(name, folder), 'utf8'), { minify: true })
    assert.ok(code.length < 8000, `${name} has ${code.length} bytes`)
  }
})

test('nothing turns text into code, markup or style', () => {
  for (const name of scripts) {
    const source = readFileSync(new URL(name, folder), 'utf8')
    for (const word of [/\beval\b/, /new Function/, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc/, /setAttribute\('style'/, /setTimeout\(['"`]/, /\bimport\(/, /\brequire\(/]) {
      assert.doesNotMatch(source, word, name)
    }
  }
})

test('the types say what the scripts have', () => {
  const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', import.meta.url))
  const project = fileURLToPath(new URL('types/tsconfig.json', import.meta.url))
  const done = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' })
  assert.equal(done.status, 0, done.stdout)
})
