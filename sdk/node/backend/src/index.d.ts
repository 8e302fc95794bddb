/** What the backend of a mini-program needs of Portico. See README.md. */
import type { IncomingMessage, ServerResponse } from 'node:http'

export interface Person {
  /** Who it is, for this program alone. */
  openid: string
  scopes: string[]
  /** Who launched it (RFC 8693 §4.1). */
  act: { sub: string; act?: object } | null
  /** The stay that the token belongs to; the program's own session belongs to it, too. */
  sid: string | null
  client_id: string | null
  unionid: string | null
  /** Seconds since 1970. */
  expires_at: number | null
  /** The key that the token is bound to. */
  cnf: { jkt?: string; [other: string]: unknown } | null
}

export interface World {
  fetch: typeof fetch
  /** What time it is, in milliseconds since 1970. */
  now(): number
  /** How long something took: milliseconds of a clock that nobody sets. */
  elapsed(): number
  setTimeout(act: () => void, ms: number): unknown
  clearTimeout(timer: any): void
}

export interface Options {
  issuer: string
  client_id: string
  /** Sent by Basic. Without it and without `authenticate` the client is public. */
  client_secret?: string
  /** Authenticates in another way: changes the headers or the form before they are sent. */
  authenticate?(headers: Record<string, string>, form: URLSearchParams, uri: string): void | Promise<void>
  /** Addresses, where the issuer's documents do not name them. */
  introspection_endpoint?: string
  token_endpoint?: string
  jwks_uri?: string
  session_events_endpoint?: string
  /** What an introspection answer's `aud` must have; Portico looks at that by itself. */
  audience?: string
  /** How long a yes is believed while the stream is heard: a minute by default. */
  max_age_ms?: number
  /** The most answers that are kept: 10,000 by default. */
  max_entries?: number
  world?: Partial<World>
}

/** For the program's own pre-session, and for nobody else. */
export interface PreSession {
  nonce: string
  code_verifier: string
  state: string
  begun_at: number
}

export interface Launch {
  pre_session: PreSession
  page: { nonce: string; code_challenge: string; state: string; scope: string }
}

export interface Launched {
  openid: string
  sid: string | undefined
  scopes: string[]
  claims: Record<string, unknown>
  tokens: Record<string, unknown> & { access_token: string; refresh_token?: string }
}

export type Guarded =
  | { person: Person; status?: undefined; headers?: undefined; body?: undefined }
  | { person?: undefined; status: 401 | 403 | 503; headers: Record<string, string>; body: { error: string } }

export interface Needs {
  scopes?: string[]
}

export interface Ended {
  sub?: string
  sid?: string
}

export class Portico {
  constructor(options: Options)
  /** Null where the token is worth nothing. Throws `Unavailable` where nobody can say. */
  validate(token: string): Promise<Person | null>
  follow(): { done: Promise<void>; close(): void }
  backchannelLogout(logout_token: string): Promise<Ended>
  beginLaunch(how?: { scope?: string }): Launch
  finishLaunch(what: { pre_session: PreSession; code: string; state: string; redirect_uri?: string }): Promise<Launched>
  guard(authorization: string | undefined, needs?: Needs): Promise<Guarded>
  express: (needs?: Needs) => (request: any, response: any, next: (error?: unknown) => void) => Promise<void>
  fastify: (needs?: Needs) => (request: any, reply: any) => Promise<unknown>
  koa: (needs?: Needs) => (context: any, next: () => Promise<unknown>) => Promise<void>
  hono: (needs?: Needs) => (context: any, next: () => Promise<void>) => Promise<any>
  logoutEndpoint: (heard?: (ended: Ended) => void | Promise<void>) => (request: IncomingMessage, response: ServerResponse) => Promise<void>
  close(): void
}

export class PorticoError extends Error {
  constructor(error: string, description?: string)
  readonly error: string
}

export class Unavailable extends Error {
  constructor(what: string, cause?: unknown)
}
