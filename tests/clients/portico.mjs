// A started Portico: its database, its process, and the commands an operator would type beside it.

import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

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
  #process
  #words = []
  #ended

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
    portico.#serve()
    await portico.#ready()
    return portico
  }

  #serve() {
    this.#process = spawn(program, ['serve'], { env: this.env, cwd: this.folder })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (words) => this.#words.push(words.toString()))
    }
    this.#ended = new Promise((resolve, reject) => {
      this.#process.on('error', reject)
      this.#process.on('exit', (code, signal) => resolve({ code, signal }))
    })
    // Who waits for the end hears of it; before that, an early end is seen by `#ready`.
    this.#ended.catch(() => {})
  }

  async #ready() {
    for (let tries = 0; tries < 200; tries += 1) {
      const early = await Promise.race([this.#ended, pause(100)])
      if (early) throw new Error(`portico serve ended at once: ${JSON.stringify(early)}\n${this.lastWords()}`)
      const answer = await fetch(`${this.issuer}/readyz`).catch(() => undefined)
      if (answer?.ok) return
    }
    throw new Error('portico serve was not ready after 20 seconds')
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

  /** Asks the server to end, and expects that it does so cleanly. */
  async stop() {
    this.#process.kill('SIGTERM')
    const end = await Promise.race([this.#ended, pause(15_000)])
    if (end?.code !== 0) throw new Error(`portico serve did not end cleanly: ${JSON.stringify(end)}`)
  }

  kill() {
    this.#process.kill('SIGKILL')
  }

  lastWords() {
    return this.#words.join('').slice(-4000).replace(/^/gm, '    | ')
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
