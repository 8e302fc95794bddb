// What the backend of a mini-program needs of Portico, put together from its parts.

import { readEvents } from './events.js'
import { Launches } from './launch.js'
import { verifyLogoutToken } from './logout_token.js'
import { guard, logoutEndpoint, middleware } from './middleware.js'
import { Provider } from './provider.js'
import { Validator } from './validator.js'

export { PorticoError, Unavailable } from './errors.js'

/** One mini-program's backend. Nothing is asked before it is needed, except by `follow`. */
export class Portico {
  #provider
  #validator
  #launches
  #world
  #following = null

  constructor(options) {
    this.#world = {
      fetch: (...request) => globalThis.fetch(...request),
      now: () => Date.now(),
      // Spans are measured by a clock that nobody sets.
      elapsed: () => performance.now(),
      setTimeout: (act, ms) => globalThis.setTimeout(act, ms).unref(),
      clearTimeout: (timer) => globalThis.clearTimeout(timer),
      ...options.world,
    }
    this.#provider = new Provider(options, this.#world)
    this.#validator = new Validator(this.#provider, this.#world, options)
    this.#launches = new Launches(this.#provider, this.#world)
  }

  /** Who a token is of and what it may do, or null where it is worth nothing. */
  validate(token) {
    return this.#validator.validate(token)
  }

  /** Follows the event stream of this client from now on: answers are cached while it is heard. */
  follow() {
    this.#following ??= readEvents(this.#provider, this.#validator.live, this.#world)
    return this.#following
  }

  /** Takes a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6) and ends what it names. */
  async backchannelLogout(logout_token) {
    const ended = await verifyLogoutToken(logout_token, this.#provider, this.#world.now())
    this.#validator.live.ended(ended)
    return ended
  }

  /** What the page needs to ask for a code, and what is kept in the program's own pre-session. */
  beginLaunch(how) {
    return this.#launches.begin(how)
  }

  /** Redeems the code that came to the page. */
  finishLaunch(what) {
    return this.#launches.finish(what)
  }

  /** What an `Authorization` header is good for: `{person}`, or the answer that refuses it. */
  guard(authorization, how) {
    return guard(this, authorization, how)
  }

  express = (how) => middleware.express(this, how)
  fastify = (how) => middleware.fastify(this, how)
  koa = (how) => middleware.koa(this, how)
  hono = (how) => middleware.hono(this, how)

  /** A handler `(request, response)` of Node or Express for `backchannel_logout_uri`. */
  logoutEndpoint = (heard) => logoutEndpoint(this, heard)

  close() {
    this.#following?.close()
    this.#following = null
  }
}
