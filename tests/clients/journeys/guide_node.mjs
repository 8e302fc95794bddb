// The backend of docs/clients/node.md.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Guide, startBackend } from '../guide.mjs'
import { isSignedInUntilItEnds } from '../guide_story.mjs'

export const title = 'the guide for Node: sign-in, revocation and sign-out show at the next request'

const packages = fileURLToPath(new URL('../node_modules', import.meta.url))
// Node 18 has no Web Crypto among its globals, and tries ::1 for `localhost`, where nobody listens.
const older = process.versions.node.startsWith('18.') ? ['--experimental-global-webcrypto'] : []
const command = [process.execPath, ...older, '--dns-result-order=ipv4first']

export async function journey(portico) {
  const guide = new Guide('node.md')
  isInstalledAsThePageSays(guide)
  const backend = await startBackend(portico, guide, { language: 'js', file: 'shop.mjs', command, packages })
  try {
    await isSignedInUntilItEnds(portico, backend)
  } finally {
    backend.server.kill()
  }
}

// The page says majors, the lock file says which of them is tried here.
function isInstalledAsThePageSays(guide) {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url)))
  for (const wanted of guide.argumentsOf('npm install')) {
    const [, name, major] = wanted.match(/^(.+)@(\d+)$/)
    assert.equal(dependencies[name]?.split('.')[0], major, `${name} in tests/clients/package.json`)
  }
}
