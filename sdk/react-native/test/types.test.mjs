// The types say what the package has, against those of React, React Native and its WebView.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

test('a super app in TypeScript is checked', () => {
  const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
  const done = spawnSync(process.execPath, [path('../node_modules/typescript/bin/tsc'), '-p', path('../types/tsconfig.json')], { encoding: 'utf8' })
  assert.equal(done.status, 0, done.stdout)
})
