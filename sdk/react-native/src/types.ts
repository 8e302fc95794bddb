// What a super app gives to the kit and gets from it.

import type { Refusal } from './host.js'

export type { Refusal }

/** How programs look, and their language: what the host knows of it. */
export interface Looks {
  theme?: { color_scheme: 'light' | 'dark'; [more: string]: unknown }
  locale?: string
}

/** A program, as `mini_programs_endpoint` or an exchange described it, and where in it to begin. */
export interface Launch {
  client_id: string
  client_name?: string
  /** From its last launch in this session; null where there was none, and its page begins anew. */
  sid?: string | null
  entry_uri: string
  origins: readonly string[]
  path?: string
  params?: Record<string, unknown>
  /** The program that opened this one, as the host knows it. Nobody, where a link did. */
  from?: string | null
  /** `login`, `request`, `context`, `logout` by default; `token` for programs without a backend. */
  methods?: readonly string[]
  /** For a program that knows only redirects: it signs in silently by the first load of its WebView. */
  ticket?: WebTicket
}

/** A web ticket of an exchange, with the host's own verifier, and where it is handed in. */
export interface WebTicket {
  /** `web_ticket_endpoint`. */
  endpoint: string
  ticket: string
  code_verifier: string
}

/** Whoever reads the session's events. */
export interface Follower {
  /** Asks for a fresh `ready`, after this device may have slept. */
  check(): void
  close(): void
}

/** Hears an event of the session. */
export type Heard = (name: string, data: Record<string, any>) => void

export interface HostOptions {
  /** Whose session this is: any text that tells one person from another. */
  account: string
  /** Begins to follow the events of that person's session, usually with `followEvents`. */
  follow(account: string, heard: Heard): Follower
  /**
   * Answers a program's call, usually by asking the app's backend for an exchange. The `sid` of an exchange
   * stays here: the program's next document is welcomed with it. Throw a `Refusal` to refuse.
   */
  call(client_id: string, method: string, params: Record<string, unknown>, how: { signal: AbortSignal }): unknown
  /**
   * Empties what all WebViews of this app keep: cookies, storage, caches. It runs when the session passes to
   * another person, and nothing opens before it is done.
   */
  clearData(): Promise<void>
  /** As registered: where consent sheets end. Without it there is no sheet. */
  interaction_return_uri?: string
  looks?: Looks
  /** Hears each event of the session, after it took effect. */
  heard?: Heard
  /** A program wants to show something of another site. Nothing happens without this. */
  external?(client_id: string, address: string): void
}

/** A program as it is to be drawn. */
export interface Drawn {
  readonly key: string
  readonly client_id: string
  readonly client_name: string
  /** Why it is locked, or null. */
  readonly reason: string | null
  /** Nobody knows yet whether the session goes on. */
  readonly covered: boolean
  readonly inFront: boolean
  /** Nothing of it can be touched: it is locked or covered, or a sheet is over it. */
  readonly inert: boolean
}

/** What is to be drawn. A new one each time that something changed. */
export interface HostState {
  readonly locked: string | null
  readonly programs: readonly Drawn[]
  readonly sheet: { readonly key: string; readonly interaction_uri: string } | null
}

/** What the kit takes from where it runs; a test brings its own. */
export interface World {
  now(): number
  setTimeout(callback: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
  random(bytes: Uint8Array): Uint8Array
}
