// One open program: its instances, one after the other, and how it is to be drawn.

import { Platform } from 'react-native'
import { isPath, originOf } from './address'
import { Instance } from './instance'
import type { Drawn, Launch, Looks, WebTicket, World } from './types'
import { drawNonce } from './world'

// Long enough for a page to hear that it is over, before its WebView goes.
const LAST_WORDS_MS = 1000
// A document of another origin was there, although nobody let it.
const STRAYED = 'origin_not_allowed'
const METHODS = ['login', 'request', 'context', 'logout']

/** A first load, as react-native-webview takes it. */
export interface FirstLoad {
  uri: string
  method?: string
  headers?: object
  body?: string
}

function handIn({ endpoint, ticket, code_verifier }: WebTicket): FirstLoad {
  if (originOf(endpoint) === null) throw new TypeError('the ticket has no address')
  const body = `ticket=${encodeURIComponent(ticket)}&code_verifier=${encodeURIComponent(code_verifier)}`
  const form = { uri: endpoint, method: 'POST', body }
  // Android posts forms only, and takes no headers with them.
  return Platform.OS === 'ios' ? { ...form, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } } : form
}

export interface ProgramOptions {
  launch: Launch
  looks: Looks
  world: World
  call(program: Program, method: string, params: Record<string, unknown>, how: { signal: AbortSignal }): unknown
  external(address: string): void
  /** Something is to be drawn anew. */
  changed(): void
}

export class Program {
  readonly launch: Launch
  /** What the WebView that is drawn loads first. */
  first: FirstLoad
  /** The instance that is alive, if any; a WebView is drawn for it. */
  instance: Instance | null = null
  reason: string | null = null
  covered = false
  inFront = false
  /** Its WebView can go back within the program. */
  canGoBack = false
  readonly #options: ProgramOptions
  readonly #id: string
  #generation = 0
  #looks: Looks
  #sid: string | null
  #last_words: unknown
  #through: string | null

  constructor(options: ProgramOptions) {
    const { launch, world } = options
    const path = launch.path ?? '/'
    const origin = originOf(launch.entry_uri)
    if (origin === null || !launch.origins.includes(origin) || launch.origins.some((known) => originOf(known) !== known) || !isPath(path)) {
      throw new TypeError('entry_uri, origins and path do not fit')
    }
    this.launch = launch
    this.#options = options
    this.#looks = options.looks
    this.#sid = launch.sid ?? null
    this.#id = drawNonce(world)
    this.#through = launch.ticket ? originOf(launch.ticket.endpoint) : null
    this.#begin()
    this.first = launch.ticket ? handIn(launch.ticket) : { uri: launch.entry_uri }
  }

  /** Another WebView, which knows nothing of the one before. */
  #begin(): void {
    const { launch, world, call, external } = this.#options
    world.clearTimeout(this.#last_words)
    this.instance?.end()
    this.#generation += 1
    this.canGoBack = false
    this.reason = null
    // A ticket works once.
    this.first = { uri: launch.entry_uri }
    this.instance = new Instance({
      client_id: launch.client_id,
      origins: launch.origins,
      methods: launch.methods ?? METHODS,
      sid: this.#sid,
      context: this.#context(),
      through: this.#through,
      call: (method, params, how) => (method === 'context' ? this.#context() : call(this, method, params, how)),
      strayed: () => this.lock(STRAYED),
      external,
      nonce: () => drawNonce(world),
    })
  }

  #context(): object {
    const { path = '/', params = {}, from = null } = this.launch
    return { ...this.#looks, path, params, from }
  }

  drawn(sheet: boolean): Drawn {
    const { client_id, client_name = '' } = this.launch
    const { reason, covered, inFront } = this
    return { key: `${this.#id}.${this.#generation}`, client_id, client_name, reason, covered, inFront, inert: sheet || covered || reason !== null }
  }

  /** Which stay the exchange said it is. */
  at(sid: string): void {
    this.#sid = sid
    this.instance?.at(sid)
  }

  event(name: string, data?: object): void {
    this.instance?.event(name, data)
  }

  looks(now: Looks): void {
    this.#looks = now
    this.instance?.context(this.#context())
  }

  /** The stay is over: it is drawn so at once, and its WebView is gone a moment later. */
  lock(reason: string): void {
    if (this.reason !== null) return
    this.reason = reason
    this.instance?.lock(reason)
    this.#last_words = this.#options.world.setTimeout(() => {
      this.instance = null
      this.#options.changed()
    }, LAST_WORDS_MS)
    this.#options.changed()
  }

  /** A new stay begins, in a WebView of its own. */
  reopen(sid: string | null): void {
    this.#sid = sid
    this.covered = false
    this.#begin()
    this.#options.changed()
  }

  /** The same stay in another WebView: the system took its process away, or its page had strayed. */
  restart(): void {
    if (this.reason !== null && this.reason !== STRAYED) return
    this.#begin()
    this.#options.changed()
  }

  end(): void {
    this.#options.world.clearTimeout(this.#last_words)
    this.instance?.end()
    this.instance = null
  }
}
