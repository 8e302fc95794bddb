// A document, and somebody who types what it says into a shell.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { program, repository } from './demo.mjs'

/** The sections of a document of `docs/`, by heading: their commands, and the answers that it shows. */
export function sections(name, otherwise = (text) => text) {
  const text = otherwise(readFileSync(join(repository, 'docs', name), 'utf8'))
  const parts = text.split(/^## /m).slice(1)
  return new Map(parts.map((part) => {
    const [heading] = part.split('\n', 1)
    const fenced = (kind) => [...part.matchAll(new RegExp(`^\`\`\`${kind}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, body]) => body)
    return [heading, { commands: fenced('sh'), answers: fenced('text') }]
  }))
}

/** A shell in a folder, which finds `portico`. */
export class Shell {
  #process
  #blocks = mkdtempSync(join(tmpdir(), 'portico-blocks-'))
  #said = ''
  #ended = null
  #number = 0

  constructor(folder, env = {}) {
    const ours = Object.entries(process.env).filter(([name]) => !name.startsWith('PORTICO_'))
    const path = `${dirname(program)}${delimiter}${process.env.PATH}`
    const preload = new URL('localhost.mjs', import.meta.url)
    this.#process = spawn('sh', ['-eu'], {
      cwd: folder,
      // A group of its own, which ends with whatever was started in it.
      detached: true,
      env: { ...Object.fromEntries(ours), PATH: path, NODE_OPTIONS: `--import ${preload}`, ...env },
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) stream.on('data', (text) => (this.#said += text))
    this.#process.on('exit', (code) => (this.#ended = code))
  }

  /** Types what stands there; gives what was answered. It must go well. */
  async types(text) {
    this.#number += 1
    const [file, mark] = [join(this.#blocks, `${this.#number}.sh`), `-- typed ${this.#number}`]
    writeFileSync(file, text)
    const from = this.#said.length
    this.#process.stdin.write(`. ${file} </dev/null\necho '${mark}'\n`)
    for (let tries = 0; tries < 1200; tries += 1) {
      const said = this.#said.slice(from)
      if (said.includes(mark)) return said.replace(`${mark}\n`, '')
      assert.equal(this.#ended, null, `${text}\n${said}`)
      await new Promise((settle) => setTimeout(settle, 50))
    }
    assert.fail(`${text}\ndoes not end: ${this.#said.slice(from)}`)
  }

  get said() {
    return this.#said
  }

  ends() {
    try {
      process.kill(-this.#process.pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
    rmSync(this.#blocks, { recursive: true, force: true })
  }
}
