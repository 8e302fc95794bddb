// Whether a token is good, by introspection (RFC 7662), and for how long that answer may be believed.
//
// An answer is kept only while the event stream is heard. What the events ended is refused whatever an
// introspection says, because its answer may have been on its way when the end came.

import { createHash } from 'node:crypto'
import { Unavailable } from './errors.js'

/** Longer than any access token lives. */
const ENDED_MS = 62 * 60_000
/** A node of Portico may be this far behind another one. */
const SETTLES_MS = 2000
/** A stream that was silent for longer is none. */
const SILENCE_MS = 20_000
const MAX_TOKEN = 16 * 1024

export class Validator {
  #provider
  #world
  #max_age_ms
  #max_entries
  #audience
  #cache = new Map()
  #asked = new Map()
  /** When a `sid` ended. */
  #ended = new Map()
  /** Whose a `sid` is: an event that names no `sid` concerns all of that person's. */
  #known = new Map()
  /** When something was last heard of a `sid` or a `sub`. */
  #touched = new Map()
  #everything_touched_at = -Infinity
  #last_touched_at = -Infinity
  #heard_at = null
  #epoch = 0

  constructor(provider, world, { max_age_ms = 60_000, max_entries = 10_000, audience } = {}) {
    this.#provider = provider
    this.#world = world
    this.#max_age_ms = max_age_ms
    this.#max_entries = max_entries
    this.#audience = audience
  }

  /** What an event stream, or a logout token, tells. */
  live = {
    /** The stream is up to date. */
    ready: () => {
      this.#epoch += 1
      this.#heard_at = this.#both()
    },
    /** A byte came. */
    heard: () => {
      if (this.#heard_at !== null) this.#heard_at = this.#both()
    },
    /** The stream is gone: nothing is believed any more. */
    lost: () => {
      this.#epoch += 1
      this.#heard_at = null
      this.#cache.clear()
    },
    ended: ({ sub, sid }) => this.#ends(sub, sid),
    changed: ({ sub, sid }) => this.#touch(sub, sid),
    everything: () => {
      this.#everything_touched_at = this.#world.elapsed()
      this.#epoch += 1
      this.#cache.clear()
    },
  }

  async validate(token) {
    if (typeof token !== 'string' || token.length === 0 || token.length > MAX_TOKEN || !/^[\x21-\x7e]+$/.test(token)) return null
    const key = createHash('sha256').update(token).digest('base64url')
    const kept = this.#find(key)
    if (kept) return copy(kept.person)
    // Who asks while the same is being asked waits for that answer, unless something was heard since.
    const running = this.#asked.get(key)
    if (running && running.epoch === this.#epoch && running.at > this.#last_touch()) return copy(await running.answer)
    const asking = { epoch: this.#epoch, at: this.#world.elapsed(), answer: this.#ask(key, token) }
    this.#asked.set(key, asking)
    try {
      return copy(await asking.answer)
    } finally {
      if (this.#asked.get(key) === asking) this.#asked.delete(key)
    }
  }

  #both() {
    return { now: this.#world.now(), elapsed: this.#world.elapsed() }
  }

  /** Silence counts by either clock: the one that nobody sets may stand still while the machine sleeps. */
  #isLive() {
    if (this.#heard_at === null) return false
    const { now, elapsed } = this.#both()
    return now - this.#heard_at.now < SILENCE_MS && elapsed - this.#heard_at.elapsed < SILENCE_MS
  }

  #find(key) {
    if (!this.#isLive()) {
      this.#cache.clear()
      return null
    }
    const kept = this.#cache.get(key)
    if (!kept) return null
    const { now, elapsed } = this.#both()
    if (now < kept.over_at && elapsed < kept.until && !this.#hasEnded(kept.person.sid)) return kept
    this.#cache.delete(key)
    return null
  }

  async #ask(key, token) {
    const asked_at = this.#world.elapsed()
    const [epoch, was_live] = [this.#epoch, this.#isLive()]
    const { status, body } = await this.#provider.post('introspection_endpoint', { token })
    if (status !== 200 || typeof body.active !== 'boolean') throw new Unavailable(`introspection answered ${status}`)
    if (!body.active || typeof body.sub !== 'string') return null
    if (this.#audience !== undefined && ![body.aud].flat().includes(this.#audience)) return null
    const { now, elapsed } = this.#both()
    const over_at = typeof body.exp === 'number' ? body.exp * 1000 : Infinity
    if (over_at <= now) return null
    const person = personOf(body)
    if (person.sid !== null) {
      if (this.#hasEnded(person.sid)) return null
      this.#remember(this.#known, person.sid, person.openid)
    }
    const cacheable = was_live && epoch === this.#epoch && this.#isLive() && !this.#isTouched(person, asked_at)
    if (cacheable) this.#remember(this.#cache, key, { person, over_at, until: elapsed + this.#max_age_ms })
    return person
  }

  #hasEnded(sid) {
    const at = this.#ended.get(sid)
    if (at === undefined) return false
    if (this.#world.elapsed() - at < ENDED_MS) return true
    this.#ended.delete(sid)
    return false
  }

  /** Whether something was heard of this person after it was asked, or so shortly before that a node may not know. */
  #isTouched({ openid, sid }, asked_at) {
    // Whose stay is not known is concerned by whatever is heard of them.
    const names = sid === null ? [`any ${openid}`] : [`sid ${sid}`, `sub ${openid}`]
    const marks = [...names.map((name) => this.#touched.get(name)), this.#everything_touched_at]
    return marks.some((at) => at !== undefined && asked_at - at < SETTLES_MS)
  }

  #last_touch() {
    return Math.max(this.#last_touched_at, this.#everything_touched_at)
  }

  #touch(sub, sid) {
    const at = this.#world.elapsed()
    this.#last_touched_at = at
    // Where a `sid` is named it alone is meant.
    const one = typeof sid === 'string'
    if (one) this.#touched.set(`sid ${sid}`, at)
    else this.#touched.set(`sub ${sub}`, at)
    if (typeof sub === 'string') this.#touched.set(`any ${sub}`, at)
    else this.#everything_touched_at = at
    if (this.#touched.size > this.#max_entries) {
      // Instead of forgetting one of whom something was just heard, everything is asked for again.
      this.#touched.clear()
      this.live.everything()
    }
    for (const [key, { person }] of this.#cache) {
      const same = typeof sub !== 'string' || person.openid === sub
      if (one && person.sid !== null ? person.sid === sid : same) this.#cache.delete(key)
    }
  }

  #ends(sub, sid) {
    this.#touch(sub, sid)
    const now = this.#world.elapsed()
    // Swept here, where it grows; never by number: an end that is forgotten would be a yes.
    for (const [one, at] of this.#ended) if (now - at >= ENDED_MS) this.#ended.delete(one)
    if (typeof sid === 'string') this.#ended.set(sid, now)
    else for (const [one, known] of this.#known) if (known === sub) this.#ended.set(one, now)
  }

  /** Keeps an entry; the oldest goes where there are too many. */
  #remember(map, key, value) {
    map.delete(key)
    map.set(key, value)
    if (map.size > this.#max_entries) map.delete(map.keys().next().value)
  }
}

const copy = (person) => (person === null ? null : structuredClone(person))

function personOf(body) {
  const scopes = typeof body.scope === 'string' ? body.scope.split(' ').filter(Boolean) : []
  return {
    openid: body.sub,
    scopes,
    act: body.act ?? null,
    sid: typeof body.sid === 'string' ? body.sid : null,
    client_id: body.client_id ?? null,
    unionid: typeof body.unionid === 'string' ? body.unionid : null,
    expires_at: typeof body.exp === 'number' ? body.exp : null,
    cnf: body.cnf ?? null,
  }
}
