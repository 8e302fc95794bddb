// A Portico in this process: it answers when it is told to, signs with keys of its own, and time is what
// the test says.

import { generateKeyPairSync, sign } from 'node:crypto'
import { Portico } from '../src/index.js'

export const ISSUER = 'https://portico.example'
export const CLIENT = { client_id: 'market', client_secret: 's3cret & more' }

export class FakePortico {
  time = 1_800_000_000_000
  up = 0
  timers = []
  introspections = []
  token_requests = []
  streams = []
  /** What a token is; a test changes it. */
  tokens = new Map()
  /** Set to keep introspections waiting; `answers()` lets them go. */
  holds = false
  fails = false
  codes = new Map()
  keys = [keyPair('k1')]
  #held = []

  world = {
    now: () => this.time,
    elapsed: () => this.up,
    fetch: (uri, request = {}) => this.#fetch(new URL(uri), request),
    setTimeout: (act, ms) => this.timers.push({ act, at: this.up + ms }) - 1,
    clearTimeout: (id) => delete this.timers[id],
  }

  backend(more) {
    return new Portico({ issuer: ISSUER, ...CLIENT, world: this.world, ...more })
  }

  /** A backend that follows its stream, up to date. */
  async following(more) {
    const backend = this.backend(more)
    backend.follow()
    await settled()
    await this.says('ready', {})
    return backend
  }

  async passes(ms) {
    this.time += ms
    this.up += ms
    for (const [id, timer] of this.timers.entries()) if (timer && timer.at <= this.up) (delete this.timers[id], timer.act())
    await settled()
  }

  /** The newest stream says something. */
  async says(event, data, id) {
    this.writes(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify({ at: this.time, ...data })}\n\n`)
    await settled()
  }

  writes(text) {
    this.streams.at(-1).controller.enqueue(new TextEncoder().encode(text))
  }

  async cuts() {
    this.streams.at(-1).controller.close()
    await settled()
  }

  async answers() {
    this.#held.splice(0).forEach((go) => go())
    await settled()
  }

  signs(claims, { header = {}, key = this.keys[0], payload } = {}) {
    const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
    const signed = `${part({ alg: 'ES256', kid: key.jwk.kid, ...header })}.${payload ?? part(claims)}`
    return `${signed}.${sign('sha256', Buffer.from(signed), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  }

  /** The claims that every token of Portico has, now. */
  claims(more) {
    const now = Math.floor(this.time / 1000)
    return { iss: ISSUER, aud: CLIENT.client_id, iat: now, exp: now + 600, sub: 'ada', sid: 'sid-1', ...more }
  }

  async #fetch(uri, { body, headers = {}, signal }) {
    signal?.throwIfAborted()
    if (this.fails) throw new TypeError('fetch failed')
    const json = (status, value) => new Response(JSON.stringify(value), { status })
    const form = Object.fromEntries(new URLSearchParams(body ?? ''))
    switch (uri.pathname) {
      case '/.well-known/openid-configuration':
        return json(200, {
          issuer: ISSUER, token_endpoint: `${ISSUER}/token`, introspection_endpoint: `${ISSUER}/introspect`, jwks_uri: `${ISSUER}/jwks`,
        })
      case '/.well-known/portico-configuration':
        return json(200, { issuer: ISSUER, session_events_endpoint: `${ISSUER}/session-events` })
      case '/jwks':
        return json(200, { keys: this.keys.map(({ jwk }) => jwk) })
      case '/introspect': {
        this.introspections.push({ ...form, authorization: headers.authorization })
        // What is true when it is asked, not when the answer arrives.
        const answer = this.tokens.get(form.token) ?? { active: false }
        if (this.holds) await new Promise((go) => this.#held.push(go))
        return answer.status ? json(answer.status, {}) : json(200, answer)
      }
      case '/token':
        this.token_requests.push(form)
        if (form.grant_type === 'client_credentials') return json(200, { access_token: `own-${this.token_requests.length}`, token_type: 'Bearer' })
        return this.codes.has(form.code) ? json(200, this.codes.get(form.code)(form)) : json(400, { error: 'invalid_grant' })
      case '/session-events':
        return this.#opens(headers, signal)
      default:
        return json(404, {})
    }
  }

  #opens(headers, signal) {
    const status = this.refuses ?? 200
    let controller
    const body = new ReadableStream({ start: (c) => (controller = c) })
    signal.addEventListener('abort', () => {
      try {
        controller.error(signal.reason)
      } catch {
        // It is closed already.
      }
    })
    this.streams.push({ controller, headers })
    return status === 200 ? new Response(body, { status }) : new Response('', { status, headers: { 'retry-after': '7' } })
  }
}

export function keyPair(kid) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' } }
}

/** Lets everything that is ready run. */
export async function settled() {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((done) => setImmediate(done))
}
