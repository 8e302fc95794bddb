// Portico as a client sees it: its addresses, its keys, and this client's credential.

import { PorticoError, Unavailable } from './errors.js'

const TIMEOUT_MS = 5000
const KEYS_AGAIN_MS = 30_000
const DOCUMENT_MS = 300_000

export class Provider {
  #options
  #world
  #documents = new Map()
  #keys_at = -Infinity

  constructor(options, world) {
    for (const name of ['issuer', 'client_id']) {
      if (typeof options[name] !== 'string' || !options[name]) throw new TypeError(`${name} is missing`)
    }
    this.#options = options
    this.#world = world
  }

  get issuer() {
    return this.#options.issuer
  }

  get client_id() {
    return this.#options.client_id
  }

  /** A member of the discovery document, or of the options where they name it. */
  async address(name) {
    if (this.#options[name]) return this.#options[name]
    const found = (await this.#document(`${this.#base}/.well-known/openid-configuration`, DOCUMENT_MS))[name]
    return found ?? this.#missing(name)
  }

  /** The same of `/.well-known/portico-configuration`. */
  async ownAddress(name) {
    if (this.#options[name]) return this.#options[name]
    const found = (await this.#document(`${this.#base}/.well-known/portico-configuration`, DOCUMENT_MS))[name]
    return found ?? this.#missing(name)
  }

  #missing(name) {
    throw new Unavailable(`${this.issuer} names no ${name}`)
  }

  get #base() {
    return this.issuer.replace(/\/$/, '')
  }

  async #document(uri, keep_ms) {
    const kept = this.#documents.get(uri)
    if (kept && this.#world.now() - kept.at < keep_ms) return kept.document
    const { status, body } = await this.#ask(uri, {})
    if (status !== 200) throw new Unavailable(`${uri} answered ${status}`)
    // "The issuer value returned MUST be identical to the Issuer URL" (OpenID Connect Discovery §4.3).
    if (uri.includes('/.well-known/') && body.issuer !== this.issuer) throw new Unavailable(`${uri} is of another issuer`)
    this.#documents.set(uri, { document: body, at: this.#world.now() })
    return body
  }

  /** The public keys with this id; an unknown id is looked for anew, but not all the time. */
  async keys(kid) {
    const uri = await this.address('jwks_uri')
    const find = async (keep_ms) => {
      const { keys = [] } = await this.#document(uri, keep_ms)
      return keys.filter((key) => kid === undefined || key.kid === kid)
    }
    const found = await find(DOCUMENT_MS)
    if (found.length > 0 || this.#world.now() - this.#keys_at < KEYS_AGAIN_MS) return found
    this.#keys_at = this.#world.now()
    return find(0)
  }

  /** Posts a form to an endpoint as this client (RFC 6749 §2.3.1). */
  async post(endpoint, form) {
    const uri = await this.address(endpoint)
    const body = new URLSearchParams(form)
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
    const { client_id, client_secret, authenticate } = this.#options
    if (authenticate) await authenticate(headers, body, uri)
    else if (client_secret) headers.authorization = `Basic ${Buffer.from(`${encoded(client_id)}:${encoded(client_secret)}`).toString('base64')}`
    else body.set('client_id', client_id)
    return this.#ask(uri, { method: 'POST', headers, body: body.toString() })
  }

  async #ask(uri, request) {
    try {
      const answer = await this.#world.fetch(uri, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS), ...request })
      const body = await answer.json().catch(() => null)
      return { status: answer.status, body: typeof body === 'object' && body !== null ? body : {} }
    } catch (cause) {
      throw new Unavailable(`${uri} does not answer`, cause)
    }
  }

  /** A token for this client itself. */
  async ownToken(scope) {
    const { status, body } = await this.post('token_endpoint', { grant_type: 'client_credentials', scope })
    return tokensOf(status, body)
  }
}

/** The answer of a token endpoint, or what it refused. */
export function tokensOf(status, body) {
  if (status === 200 && typeof body.access_token === 'string') return body
  if (status >= 400 && status < 500 && typeof body.error === 'string') {
    throw new PorticoError(body.error, body.error_description)
  }
  throw new Unavailable(`the token endpoint answered ${status}`)
}

// "encoded using the "application/x-www-form-urlencoded" encoding algorithm" (RFC 6749 §2.3.1)
const encoded = (text) => new URLSearchParams({ '': text }).toString().slice(1)
