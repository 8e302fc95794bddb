// A started Portico: its database, its process, and the commands an operator would type beside it.

import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { freePort, ServerProcess } from './server_process.mjs'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const program = resolve(process.env.PORTICO_BIN ?? join(repository, 'target/debug/portico'))

/** A database that does not exist yet: Portico makes it. */
export async function sqliteDatabase(folder) {
  return { name: 'SQLite', url: `sqlite://${join(folder, 'portico.db')}`, drop: async () => {} }
}

/** A database of its own on the given server. */
export async function postgresDatabase(server) {
  const name = `portico_clients_${randomBytes(6).toString('hex')}`
  const url = new URL(server)
  await asAdministrator(server, `CREATE DATABASE ${name}`)
  url.pathname = `/${name}`
  const drop = () => asAdministrator(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  return { name: 'PostgreSQL', url: url.href, drop }
}

async function asAdministrator(server, statement) {
  const connection = new pg.Client({ connectionString: server })
  await connection.connect()
  try {
    await connection.query(statement)
  } finally {
    await connection.end()
  }
}

export class Portico {
  /** Starts `portico serve` over https on a free port and waits until it is ready. */
  static async start({ folder, database }) {
    const portico = new Portico()
    const port = await freePort()
    portico.folder = join(folder, database.name)
    mkdirSync(portico.folder, { recursive: true })
    portico.issuer = `https://localhost:${port}`
    portico.env = {
      ...process.env,
      PORTICO_ISSUER: portico.issuer,
      PORTICO_LISTEN: `127.0.0.1:${port}`,
      PORTICO_DATABASE_URL: database.url,
      PORTICO_DATA_DIR: portico.folder,
      PORTICO_TLS_CERT: join(folder, 'server.pem'),
      PORTICO_TLS_KEY: join(folder, 'server.key'),
      PORTICO_RATE_LIMITS: 'off',
    }
    portico.server = new ServerProcess('portico serve', program, ['serve'], {
      env: portico.env,
      cwd: portico.folder,
    })
    await portico.server.answersAt(`${portico.issuer}/readyz`)
    return portico
  }

  /** One of Portico's commands, typed beside the running server. Returns its JSON. */
  command(args, { stdin = '' } = {}) {
    const done = spawnSync(program, args, { env: this.env, cwd: this.folder, input: stdin })
    if (done.error) throw done.error
    if (done.status !== 0) throw new Error(`portico ${args.join(' ')}: ${done.stderr}`)
    return JSON.parse(done.stdout)
  }

  /** Adds the one person of these journeys. */
  async addPerson() {
    this.person = { username: 'ada', password: 'difference engine no. 2' }
    this.command(
      [
        'user', 'add', '--username', this.person.username, '--password-stdin', '--verified',
        '--email', 'ada@example.com', '--name', 'Ada Lovelace', '--json',
      ],
      { stdin: this.person.password },
    )
  }

  /** Registers a client; returns the RFC 7591 response. */
  addClient(metadata) {
    const file = join(this.folder, `client-${randomBytes(4).toString('hex')}.json`)
    writeFileSync(file, JSON.stringify(metadata))
    return this.command(['client', 'add', '--metadata', file, '--json'])
  }
}
