// Following the event stream of this client (docs/session-events.md), for as long as the process lives.

import { PorticoError } from './errors.js'

const SILENCE_MS = 20_000
const MAX_LINE = 64 * 1024
const ENDS = ['session_expired', 'session_ended', 'user_changed']

/** Reads until it is closed; what it hears goes to `live`. */
export function readEvents(provider, live, world) {
  const over = new AbortController()
  let token = null
  let last_id
  let retry_ms = 1000

  function hear(name, data) {
    const about = { sub: data.sub, sid: data.sid }
    const names = typeof about.sub === 'string' || typeof about.sid === 'string'
    if (name === 'ready') live.ready()
    else if (name === 'token_expired') token = null
    else if (ENDS.includes(name) && names) live.ended(about)
    else if (names) live.changed(about)
    // What concerns nobody by name concerns everybody: a suspended program, a position that is lost.
    else live.everything()
  }

  /** One connection; says how long to wait before the next one. */
  async function read() {
    const connection = new AbortController()
    const stop = () => connection.abort()
    over.signal.addEventListener('abort', stop)
    let watch
    const awake = () => {
      world.clearTimeout(watch)
      watch = world.setTimeout(stop, SILENCE_MS)
    }
    try {
      awake()
      const uri = await provider.ownAddress('session_events_endpoint')
      token ??= (await provider.ownToken('portico:events')).access_token
      const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' }
      if (last_id !== undefined) headers['last-event-id'] = last_id
      const answer = await world.fetch(uri, { headers, redirect: 'error', signal: connection.signal })
      if (answer.status === 401) token = null
      if (!answer.ok) return pause(answer.headers?.get('retry-after'))
      for await (const { event, data, id, retry } of events(answer.body, connection.signal)) {
        awake()
        live.heard()
        if (event && data) hear(event, JSON.parse(data))
        // Only now: whoever is cut off before it hears it again.
        if (id !== undefined) last_id = id
        if (retry) retry_ms = Math.min(Number(retry) || 1000, 60_000)
        // What ends the stream is followed by its end; a fresh token comes with the next one.
        if (token === null) return 0
      }
    } catch (error) {
      if (error instanceof PorticoError) token = null
    } finally {
      live.lost()
      world.clearTimeout(watch)
      over.signal.removeEventListener('abort', stop)
      stop()
    }
    return pause()
  }

  const pause = (seconds) => Math.min(Math.max(retry_ms, (Number(seconds) || 0) * 1000), 60_000)

  const done = (async () => {
    while (!over.signal.aborted) {
      const wait = await read()
      if (!over.signal.aborted) {
        await new Promise((go) => {
          world.setTimeout(go, wait)
          over.signal.addEventListener('abort', go, { once: true })
        })
      }
    }
  })()
  return { done, close: () => over.abort() }
}

/** What comes of a text/event-stream (HTML §9.2.6): events, and comments as nothing. */
export async function* events(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  const stop = () => void reader.cancel().catch(() => {})
  signal.addEventListener('abort', stop)
  let rest = ''
  let event = {}
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop()
      if (rest.length > MAX_LINE) throw new Error('a line without end')
      for (const line of lines) {
        if (line === '') {
          yield event
          event = {}
          continue
        }
        const at = line.indexOf(':')
        const field = at < 0 ? line : line.slice(0, at)
        const text = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '')
        if (field === 'data') event.data = event.data === undefined ? text : `${event.data}\n${text}`
        else if (field === '') yield {}
        else if (['event', 'id', 'retry'].includes(field)) event[field] = text
      }
    }
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}
