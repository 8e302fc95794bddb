// The backend of docs/clients/python.md.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Guide, startBackend } from '../guide.mjs'
import { isSignedInUntilItEnds } from '../guide_story.mjs'

export const title = 'the guide for Python: sign-in, revocation and sign-out show at the next request'

const python = fileURLToPath(new URL('../venv/bin/python', import.meta.url))

export async function journey(portico) {
  assert.ok(existsSync(python), 'tests/clients/venv is not there: scripts/python-venv tests/clients makes it')
  const guide = new Guide('python.md')
  isInstalledAsThePageSays(guide)
  const backend = await startBackend(portico, guide, { language: 'python', file: 'shop.py', command: [python] })
  try {
    await isSignedInUntilItEnds(portico, backend)
  } finally {
    backend.server.kill()
  }
}

// The page says majors, the requirements say which of them is tried here.
function isInstalledAsThePageSays(guide) {
  const requirements = readFileSync(new URL('../requirements.txt', import.meta.url), 'utf8').toLowerCase()
  for (const wanted of guide.argumentsOf('venv/bin/pip install')) {
    const [, name, major] = wanted.match(/^(.+)==(\d+)\.\*$/)
    assert.ok(requirements.includes(`\n${name}==${major}.`), `${name} in tests/clients/requirements.txt`)
  }
}
