// A program that serves: started, waited for, listened to, ended.

import { spawn } from 'node:child_process'
import { createServer } from 'node:net'

export class ServerProcess {
  #name
  #process
  #words = []
  #ended

  constructor(name, program, args, { env, cwd }) {
    this.#name = name
    this.#process = spawn(program, args, { env, cwd })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (words) => this.#words.push(words.toString()))
    }
    this.#ended = new Promise((resolve, reject) => {
      this.#process.on('error', reject)
      this.#process.on('exit', (code, signal) => resolve({ code, signal }))
    })
    // Who waits for the end hears of it; before that, an early end is seen by `answersAt`.
    this.#ended.catch(() => {})
  }

  /** Waits until an address of the server's answers well; if it never does, the server is ended. */
  async answersAt(address) {
    for (let tries = 0; tries < 200; tries += 1) {
      const early = await Promise.race([this.#ended, pause(100)])
      if (early) throw new Error(`${this.#name} ended at once: ${JSON.stringify(early)}\n${this.lastWords()}`)
      const answer = await fetch(address).catch(() => undefined)
      if (answer?.ok) return
    }
    this.kill()
    throw new Error(`${this.#name} was not ready after 20 seconds\n${this.lastWords()}`)
  }

  /** Asks the server to end, and expects that it does so cleanly. */
  async stop() {
    this.#process.kill('SIGTERM')
    const end = await Promise.race([this.#ended, pause(15_000)])
    if (end?.code !== 0) throw new Error(`${this.#name} did not end cleanly: ${JSON.stringify(end)}`)
  }

  kill() {
    this.#process.kill('SIGKILL')
  }

  lastWords() {
    return this.#words.join('').slice(-4000).replace(/^/gm, '    | ')
  }
}

/** A port of this machine that nobody listens at. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
