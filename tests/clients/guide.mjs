// The guides of `docs/clients/`: what a reader copies out of a page, as it stands there.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, ServerProcess } from './server_process.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))

export class Guide {
  #text

  constructor(page) {
    this.page = page
    this.#text = readFileSync(join(here, '../../docs/clients', page), 'utf8')
  }

  /** The one program of the page, in the language of its fence. */
  program(language) {
    const blocks = [...this.#text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))]
    assert.equal(blocks.length, 1, `${this.page} has one block of ${language}`)
    return blocks[0][1]
  }

  /** The client's metadata, for a backend at another port than the page's. */
  metadata(port) {
    const [, json] = this.#text.match(/^cat > shop\.json <<'END'\n(.*?)^END$/ms) ?? assert.fail('no shop.json')
    return JSON.parse(json.replaceAll('localhost:3000', `localhost:${port}`))
  }

  /** What follows a command on its line, as the shell would split it. */
  argumentsOf(command) {
    const line = this.#text.split('\n').find((line) => line.startsWith(`${command} `))
    assert.ok(line, `${this.page} says ${command}`)
    return line.slice(command.length).trim().split(/\s+/).map((word) => word.replaceAll("'", ''))
  }
}

/**
 * Registers the client of a guide, saves its program in a folder of its own and starts it.
 * @param how the program's file, the command that runs it, and where its packages lie, if beside it
 */
export async function startBackend(portico, guide, { language, file, command, packages }) {
  const port = await freePort()
  const client = portico.addClient(guide.metadata(port))
  const folder = join(portico.folder, `backend-${client.client_id}`)
  mkdirSync(folder)
  writeFileSync(join(folder, file), guide.program(language))
  if (packages) symlinkSync(packages, join(folder, 'node_modules'))
  const env = {
    ...process.env,
    ISSUER: portico.issuer,
    CLIENT_ID: client.client_id,
    CLIENT_SECRET: client.client_secret,
    PORT: `${port}`,
    REQUESTS_CA_BUNDLE: process.env.NODE_EXTRA_CA_CERTS,
  }
  const [program, ...options] = command
  const name = `the backend of ${guide.page}`
  const server = new ServerProcess(name, program, [...options, file], { env, cwd: folder })
  const origin = `http://localhost:${port}`
  await server.answersAt(`${origin}/`)
  return { origin, server }
}
