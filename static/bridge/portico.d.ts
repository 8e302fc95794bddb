/** The bridge, page side. See docs/bridge.md. */

/** OAuth's own error strings, and those of the bridge. */
export type BridgeErrorCode =
  | 'access_denied' | 'consent_required' | 'interaction_required' | 'invalid_request' | 'invalid_scope'
  | 'locked' | 'login_required' | 'origin_not_allowed' | 'server_error' | 'temporarily_unavailable'
  | 'unauthorized_client' | 'unsupported_method' | (string & {})

export class PorticoError extends Error {
  constructor(error: BridgeErrorCode, description?: string)
  readonly error: BridgeErrorCode
  readonly error_description?: string
}

export interface Theme {
  color_scheme: 'light' | 'dark'
  [more: string]: unknown
}

export interface Context {
  theme: Theme
  locale: string
  /** Where to begin, of the page's own origin. */
  path: string
  params: Record<string, unknown>
  /** The program that opened this one, as the host knows it. */
  from: string | null
}

export interface State {
  transport: 'frame' | 'webkit' | 'listener' | 'channel' | 'react-native' | 'browser'
  /** What the program's own session belongs to; null where no host is. */
  sid: string | null
  locked: boolean
  methods: string[]
  context: Partial<Context>
}

export interface ConnectOptions {
  client_id: string
  /** Where Portico is; known already where this script was loaded from it. */
  issuer?: string
  /** The origins of hosts; without them the page asks Portico. */
  host_origins?: string[]
  /** What the page's own session belongs to, as its backend knows it. */
  sid?: string | null
  /** Ends the page's own session, before anything of another stay reaches the page. */
  dropSession?: () => void | Promise<void>
  /** Where a browser without a host comes back to. */
  redirect_uri?: string
  /** How long to wait for the host; ten seconds by default. */
  timeout_ms?: number
}

export interface CallOptions {
  /** A minute by default. */
  timeout_ms?: number
  signal?: AbortSignal
}

export interface LoginParams {
  /** Made by the backend in its own pre-session, as the challenge's verifier. */
  nonce: string
  code_challenge: string
  state?: string
  scope?: string
  dpop_jkt?: string
}

export interface LoginAnswer {
  code: string
  iss: string
  state?: string
  scope: string
}

export interface TokenAnswer {
  access_token: string
  token_type: string
  expires_in: number
  scope: string
}

export interface BridgeEvents {
  session_expired: { reason?: string }
  unlocked: {}
  context_changed: Context
  grant_changed: { scope?: string; removed?: string }
  shown: {}
  hidden: {}
}

export interface Bridge {
  /** Settles with the host's welcome. */
  readonly ready: Promise<State>
  readonly state: State
  call(method: string, params?: object, how?: CallOptions): Promise<Record<string, unknown>>
  login(params: LoginParams, how?: CallOptions): Promise<LoginAnswer>
  token(params?: { scope?: string; dpop_jkt?: string }, how?: CallOptions): Promise<TokenAnswer>
  request(params: { scope: string }, how?: CallOptions): Promise<{ scope: string }>
  context(how?: CallOptions): Promise<Context>
  logout(how?: CallOptions): Promise<Record<string, unknown>>
  on<Name extends keyof BridgeEvents>(name: Name, listener: (data: BridgeEvents[Name]) => void): () => void
}

export function connect(options: ConnectOptions, page?: unknown): Bridge
/** What a native host calls where it has no channel of its own to the page. */
export function receive(text: string): boolean
/** A message of a host, or null. */
export function parse(text: unknown): Record<string, unknown> | null

export as namespace Portico
