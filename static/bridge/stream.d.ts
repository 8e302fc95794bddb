/** The stream of session events, read once for all tabs. See docs/bridge.md. */

export interface FollowOptions {
  /** Whose stream it is: tabs with the same value share it. */
  account: string
  /** An address of the host's own backend, or what asks it. */
  uri: string | ((signal: AbortSignal, last_id?: string) => Promise<Response>)
  heard(name: string, data: any): void
}

export interface Follower {
  /** Asks for a fresh `ready`, after this device may have slept. */
  check(): void
  close(): void
}

export function follow(options: FollowOptions, env?: unknown): Follower
export function events(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<{ event?: string; id?: string; data?: string }>

export as namespace PorticoStream
