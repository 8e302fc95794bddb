// A started `portico demo` in a folder of its own: its process, its database, its addresses, its people.

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../..', import.meta.url))
export const program = resolve(process.env.PORTICO_BIN ?? join(repository, 'target/debug/portico'))
const SECONDS_TO_START = 60

export class Demo {
  #folder = mkdtempSync(join(tmpdir(), 'portico-browser-'))
  #database
  #settings
  #port
  #process
  #ended
  #words = []

  /** Starts it on a database of its own (see database.mjs), with settings beside the usual ones. */
  static async start(kind, settings = {}) {
    const demo = new Demo()
    demo.#settings = settings
    try {
      demo.#database = await kind.make()
      demo.#port = await freePort()
      await demo.startsAgain()
    } catch (error) {
      await demo.remove()
      throw error
    }
    return demo
  }

  /** Where it was started. */
  get folder() {
    return this.#folder
  }

  /** Whether it keeps everything in its folder, so that --reset can empty it. */
  get isInItsFolder() {
    return this.#database.url === undefined
  }

  /** Starts the command in the same folder, at the same addresses. */
  async startsAgain(...flags) {
    this.#process = spawn(program, this.#line(flags), {
      cwd: this.#folder,
      env: this.#environment(this.#port),
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (words) => this.#words.push(words.toString()))
    }
    this.#ended = new Promise((settle, reject) => {
      this.#process.on('error', reject)
      this.#process.on('exit', (code, signal) => settle({ code, signal }))
    })
    // Who waits for the end hears of it.
    this.#ended.catch(() => {})
    await this.#ready()
    const described = JSON.parse(readFileSync(join(this.#folder, 'portico-demo', 'demo.json'), 'utf8'))
    this.addresses = described.addresses
    this.people = described.people
    this.clients = described.clients
  }

  /** Starts it in the same folder on another port. */
  async startsElsewhere(...flags) {
    this.#port = await freePort()
    await this.startsAgain(...flags)
  }

  /** A second one in the same folder, on another port, while this one runs. Returns how it ended. */
  async isStartedTwice(...flags) {
    const env = this.#environment(await freePort())
    return spawnSync(program, this.#line(flags), { cwd: this.#folder, env, encoding: 'utf8', timeout: 15_000 })
  }

  #line(flags) {
    const database = this.isInItsFolder ? [] : ['--database', this.#database.url]
    return ['demo', ...database, ...flags]
  }

  #environment(port) {
    return { ...process.env, ...this.#settings, PORTICO_LISTEN: `127.0.0.1:${port}` }
  }

  // Node does not resolve *.localhost on every system: it asks 127.0.0.1 for Portico's host.
  async #ready() {
    const url = `http://127.0.0.1:${this.#port}/readyz`
    for (let tries = 0; tries < SECONDS_TO_START * 10; tries += 1) {
      const early = await Promise.race([this.#ended, pause(100)])
      if (early) throw new Error(`portico demo ended at once: ${JSON.stringify(early)}\n${this.lastWords()}`)
      const answer = await fetch(url).catch(() => undefined)
      if (answer?.ok) return
    }
    throw new Error(`portico demo was not ready after ${SECONDS_TO_START} seconds\n${this.lastWords()}`)
  }

  /** One of Portico's commands, typed beside the running demonstration. Returns its JSON. */
  command(...words) {
    const data = join(this.#folder, 'portico-demo')
    const done = spawnSync(program, [...words, '--json'], {
      cwd: this.#folder,
      env: {
        ...process.env,
        PORTICO_ISSUER: this.addresses.portico,
        PORTICO_DATA_DIR: data,
        PORTICO_DATABASE_URL: this.#database.url ?? `sqlite://${join(data, 'portico.db')}`,
      },
    })
    if (done.error) throw done.error
    if (done.status !== 0) throw new Error(`portico ${words.join(' ')}: ${done.stderr}`)
    return JSON.parse(done.stdout)
  }

  /** Ctrl-C, or another wish that it may end; it must do so cleanly. */
  async ends(signal = 'SIGINT') {
    this.#process.kill(signal)
    const end = await Promise.race([this.#ended, pause(15_000)])
    if (end?.code !== 0) throw new Error(`${signal} did not end portico demo cleanly: ${JSON.stringify(end)}`)
  }

  async remove() {
    this.#process?.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
    await this.#database?.drop()
  }

  said(words) {
    return this.#words.join('').includes(words)
  }

  lastWords() {
    return this.#words.join('').slice(-4000).replace(/^/gm, '    | ')
  }
}

function pause(milliseconds) {
  return new Promise((settle) => setTimeout(settle, milliseconds))
}

export function freePort() {
  return new Promise((settle, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => settle(port))
    })
  })
}
