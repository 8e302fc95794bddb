// The session's events, read from Portico or from the app's own backend (docs/session-events.md).
//
// It says what it heard, asks again after a cut, and refreshes where the token is over. React Native's
// `fetch` has no streams; its XMLHttpRequest tells what has come so far.

import type { Follower, Heard, World } from './types'
import { device } from './world'

const MAX_LINE = 65536
// A comment comes every 15 s.
const SILENCE_MS = 20000
const MIN_PAUSE_MS = 1000
const MAX_PAUSE_MS = 5000
const MAX_LATER_MS = 60000
// An answer is kept whole by the device as long as it goes on.
const MAX_ANSWER = 1 << 20
const ENDS = ['session_expired', 'session_ended', 'user_changed']

export interface EventsOptions {
  /** `session_events_endpoint`, or an address of the app's backend that relays it. */
  uri: string
  /**
   * The headers that prove who asks: `Authorization`, and `DPoP` where the token is bound to the app's key.
   * `nonce` is what Portico wants in the proof. It throws where the device is offline.
   */
  authorize(request: { method: 'GET'; uri: string; nonce: string | undefined }): Promise<Record<string, string>>
  /** Renews the token; `refused` where the answer was `invalid_grant`. It throws where the device is offline. */
  refresh(): Promise<'refreshed' | 'refused'>
}

interface Event {
  event?: string
  id?: string
  data?: string
}

/** Reads a text/event-stream as it comes (HTML, "Interpreting an event stream"). */
export class EventReader {
  #rest = ''
  #event: Event = {}

  /** The events that are whole now. */
  read(text: string): Event[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() as string
    if (this.#rest.length > MAX_LINE) throw new Error('the line is too long')
    const whole: Event[] = []
    for (const line of lines) {
      const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? []
      if (line === '') {
        if (this.#event.data !== undefined || this.#event.id !== undefined) whole.push(this.#event)
        this.#event = {}
      } else if (field === 'data') this.#event.data = this.#event.data === undefined ? value : `${this.#event.data}\n${value}`
      else if (field === 'event' || field === 'id') this.#event[field] = value
    }
    return whole
  }
}

type Ended = 'cut' | 'refresh' | 'again' | 'over'

/** Follows the events of a session, for `follow` of a host. It ends with the session, or by `close`. */
export function followEvents(options: EventsOptions, heard: Heard, world: World = device): Follower {
  let last_id: string | undefined
  let nonce: string | undefined
  let stop: (() => void) | undefined
  let wake: (() => void) | undefined
  let closed = false
  let at_once = false
  /** What a server that has no room asked for. */
  let later = 0

  /** One answer, to its end. */
  const read = (headers: Record<string, string>) =>
    new Promise<Ended>((resolve) => {
      const request = new XMLHttpRequest()
      const events = new EventReader()
      let taken = 0
      let watch: unknown
      const done = (how: Ended) => {
        world.clearTimeout(watch)
        stop = undefined
        request.onreadystatechange = request.onprogress = null
        request.abort()
        resolve(how)
      }
      const awake = () => {
        world.clearTimeout(watch)
        watch = world.setTimeout(() => done('cut'), SILENCE_MS)
      }
      const take = () => {
        const text = request.responseText.slice(taken)
        if (text === '') return
        taken += text.length
        awake()
        for (const { event, id, data } of events.read(text)) {
          last_id = id ?? last_id
          if (event === undefined) continue
          const said = data === undefined ? {} : JSON.parse(data)
          if (event === 'token_expired') return done('refresh')
          heard(event, said)
          if (closed || (ENDS.includes(event) && said.client_id === undefined)) return done('over')
        }
        if (taken > MAX_ANSWER) done('again')
      }
      const step = () => {
        if (request.readyState < 2) return
        const fresh = request.getResponseHeader('dpop-nonce') ?? undefined
        const asked = nonce
        nonce = fresh ?? nonce
        // A nonce that is new is worth another try; with the same one the token is what is refused.
        if (request.status === 401) return done(fresh !== undefined && fresh !== asked ? 'again' : 'refresh')
        if (request.status !== 200) {
          later = Number(request.getResponseHeader('retry-after') ?? 0) * 1000
          return done('cut')
        }
        try {
          take()
        } catch {
          return done('cut')
        }
        if (request.readyState === 4 && stop !== undefined) done('cut')
      }
      stop = () => done('cut')
      request.onreadystatechange = step
      request.onprogress = step
      request.open('GET', options.uri)
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
      awake()
      request.send()
    })

  const once = async (): Promise<Ended> => {
    const proof = await options.authorize({ method: 'GET', uri: options.uri, nonce })
    if (closed) return 'over'
    return read({ ...proof, Accept: 'text/event-stream', ...(last_id !== undefined && { 'Last-Event-ID': last_id }) })
  }

  async function follow(): Promise<void> {
    let tries = 0
    while (!closed) {
      at_once = false
      later = 0
      let how: Ended = 'cut'
      try {
        how = await once()
        if (how === 'refresh') {
          if ((await options.refresh()) === 'refused') {
            if (!closed) heard('session_ended', { reason: 'logout' })
            return
          }
          how = 'again'
        }
      } catch {
        // The network is away: programs stay, and it is asked again.
      }
      if (how === 'over' || closed) return
      // Whatever is refused again and again is not asked for without a pause.
      tries = how === 'again' ? tries + 1 : 0
      if (at_once || (how === 'again' && tries < 3)) continue
      const chance = (world.random(new Uint8Array(1))[0] ?? 0) / 255
      const pause = MIN_PAUSE_MS + chance * (MAX_PAUSE_MS - MIN_PAUSE_MS) + (later > 0 ? Math.min(later, MAX_LATER_MS) : 0)
      await new Promise<void>((resume) => {
        const timer = world.setTimeout(resume, pause)
        wake = () => {
          world.clearTimeout(timer)
          resume()
        }
      })
      wake = undefined
    }
  }

  void follow()
  return {
    check() {
      at_once = true
      wake?.()
      stop?.()
    },
    close() {
      closed = true
      wake?.()
      stop?.()
    },
  }
}
