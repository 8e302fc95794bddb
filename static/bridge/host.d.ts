/** The bridge, host side, for hosts that are web pages. See docs/bridge.md. */
import type { Context, Theme } from './portico.js'

/** Who sent a text: all three must be right, for each message. */
export interface Sender {
  instance: boolean
  main_frame: boolean
  origin: string
}

/** Throw one of these: the page sees `error` and `error_description`, and nothing else. */
export interface Refusal {
  error: string
  error_description?: string
  /** The address of the sheet. It never reaches the program. */
  interaction_uri?: string
  interaction?: string
}

export interface BindOptions {
  client_id: string
  origins: string[]
  methods: string[]
  sid?: string | null
  locked?: boolean
  context?: object
  /** Whether an answer reaches the document that asked and no other. React Native cannot do that. */
  addressed?: boolean
  call(method: string, params: Record<string, unknown>, how: { signal: AbortSignal }): unknown
  send(text: string, type: 'welcome' | 'refused' | 'result' | 'event'): void
  nonce?: () => string
}

export interface Binding {
  receive(sender: Sender, text: unknown): void
  retire(): void
  event(name: string, data?: object): void
  /** What `sid` the next document is welcomed with; an exchange said so. */
  at(sid: string): void
  lock(reason: string): void
  unlock(sid: string | null): void
  context(context: object): void
}

export function bind(options: BindOptions): Binding
/** A message of a page, or null. */
export function parse(text: unknown): Record<string, unknown> | null

export interface Launch {
  client_id: string
  client_name?: string
  /** From its last launch in this session; null where there was none, and its page begins anew. */
  sid?: string | null
  entry_uri: string
  origins: string[]
  path?: string
  params?: Record<string, unknown>
  from?: string | null
  /** `login`, `request`, `context`, `logout` by default; `token` for programs without a backend. */
  methods?: string[]
}

export interface Program {
  readonly client_id: string
  show(): void
  hide(): void
  close(): void
  focus(): void
  lock(reason: string): void
  unlock(sid: string): void
  event(name: string, data?: object): void
}

export interface Follower {
  check(): void
  close(): void
}

export interface HostOptions {
  container: HTMLElement
  /** Whose session this is: any text that tells one person from another. */
  account: string
  /** Begins to follow the stream of that person, usually with stream.js. */
  follow(account: string, heard: (name: string, data: any) => void): Follower
  /**
   * Answers a program's call, usually by asking the host's backend. The `sid` of an exchange stays here:
   * the program's next document is welcomed with it.
   */
  call(program: Program, method: string, params: Record<string, unknown>, how: { signal: AbortSignal }): unknown
  /** Hears each event of the stream, after it took effect. */
  heard?: (name: string, data: any) => void
  /** Draws what stands on the lock; the lock itself is there already. */
  draw?: (cover: HTMLElement, reason: string, program: Program) => void
  context?: { theme?: Theme; locale?: string }
}

export interface Host {
  open(launch: Launch): Program
  sheet(refusal: Pick<Refusal, 'interaction_uri' | 'interaction'>): Promise<string>
  lock(reason: string, client_id?: string): void
  signedIn(now: { account: string; sids?: Record<string, string | null> }): void
  setContext(context: Pick<Context, 'theme' | 'locale'>): void
  programs(): Program[]
  close(): void
}

export function create(options: HostOptions, page?: unknown): Host

export as namespace PorticoHost
