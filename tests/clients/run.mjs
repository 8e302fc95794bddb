// Clients that were not written here, against a started Portico: npm's `openid-client`, unmodified,
// and the backends of `docs/clients/`, over https, on SQLite and (when PORTICO_TEST_POSTGRES is set)
// again on PostgreSQL.
//
//   node tests/clients/run.mjs [journey...]
//
// PORTICO_BIN names the program, if it is not target/debug/portico. ANDROID_KIT_CLASSPATH is what
// `scripts/android-kit --keep DIR` wrote to DIR/classpath; without it that kit is left out.

import { spawnSync } from 'node:child_process'
import { webcrypto } from 'node:crypto'
import { setDefaultResultOrder } from 'node:dns'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeCertificates } from './certificates.mjs'
import { Portico, postgresDatabase, sqliteDatabase } from './portico.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))

// Node 18 keeps Web Crypto, which openid-client is built on, out of the globals.
globalThis.crypto ??= webcrypto
// The server listens on 127.0.0.1; Node would try ::1 for `localhost` first.
setDefaultResultOrder('ipv4first')

// Node reads the authorities that it trusts once, at its start: so the certificates are made first,
// and the journeys run in a second process that knows them.
if (!process.env.PORTICO_CLIENTS_FOLDER) {
  const folder = mkdtempSync(join(tmpdir(), 'portico-clients-'))
  let status = 1
  try {
    const { authority } = makeCertificates(folder)
    const again = spawnSync(process.execPath, process.argv.slice(1), {
      stdio: 'inherit',
      env: { ...process.env, PORTICO_CLIENTS_FOLDER: folder, NODE_EXTRA_CA_CERTS: authority },
    })
    status = again.status ?? 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  process.exit(status)
}

const folder = process.env.PORTICO_CLIENTS_FOLDER
const wanted = process.argv.slice(2)
const names = readdirSync(join(here, 'journeys'))
  .map((file) => file.replace(/\.mjs$/, ''))
  .filter((name) => wanted.length === 0 || wanted.includes(name))
if (names.length === 0) throw new Error(`no journey is called ${wanted.join(' or ')}`)

const databases = [await sqliteDatabase(folder)]
if (process.env.PORTICO_TEST_POSTGRES) {
  databases.push(await postgresDatabase(process.env.PORTICO_TEST_POSTGRES))
} else {
  console.log('PORTICO_TEST_POSTGRES is not set: SQLite only')
}

let failures = 0
let passes = 0
for (const database of databases) {
  console.log(`\nOutside clients on ${database.name}`)
  let portico
  try {
    portico = await Portico.start({ folder, database })
    await portico.addPerson()
    for (const name of names) {
      const { title, journey, needs } = await import(`./journeys/${name}.mjs`)
      if (needs && !process.env[needs] && !wanted.includes(name)) {
        console.log(`  --    ${title}: NOT RUN, ${needs} is not set`)
        continue
      }
      try {
        await journey(portico)
        passes += 1
        console.log(`  ok    ${title}`)
      } catch (error) {
        failures += 1
        console.log(`  FAIL  ${title}\n${explain(error)}`)
      }
    }
    await portico.server.stop()
  } catch (error) {
    failures += 1
    console.log(`  FAIL  ${explain(error)}`)
  } finally {
    if (failures > 0 && portico) console.log(`  the server's last words:\n${portico.server.lastWords()}`)
    portico?.server.kill()
    await database.drop()
  }
}
console.log(`\nclients: ${passes} journeys passed, ${failures} failed`)
process.exit(failures === 0 ? 0 : 1)

// The error with what openid-client keeps beside it: the response's own words.
function explain(error) {
  const parts = [error.stack ?? String(error)]
  for (const key of ['error', 'error_description', 'status']) {
    if (error[key] !== undefined) parts.push(`${key}: ${error[key]}`)
  }
  if (error.cause) parts.push(`because: ${error.cause.stack ?? JSON.stringify(error.cause)}`)
  return parts.join('\n').replace(/^/gm, '        ')
}
