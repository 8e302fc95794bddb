// A launch: nonce and verifier stay in the program's own pre-session, the code comes by the page.

import { createHash, randomBytes } from 'node:crypto'
import { PorticoError } from './errors.js'
import { checkClaims, verified } from './jws.js'
import { tokensOf } from './provider.js'

const MAX_AGE_MS = 10 * 60_000
const draw = () => randomBytes(32).toString('base64url')

export class Launches {
  #provider
  #world

  constructor(provider, world) {
    this.#provider = provider
    this.#world = world
  }

  begin({ scope = 'openid' } = {}) {
    const [nonce, code_verifier, state] = [draw(), draw(), draw()]
    const code_challenge = createHash('sha256').update(code_verifier).digest('base64url')
    return {
      /** For the program's own pre-session, and for nobody else. */
      pre_session: { nonce, code_verifier, state, begun_at: this.#world.now() },
      /** For the page: what `bridge.login` takes. */
      page: { nonce, code_challenge, state, scope },
    }
  }

  async finish({ pre_session, code, state, redirect_uri }) {
    if (!pre_session?.code_verifier || !pre_session.nonce) throw new PorticoError('invalid_request', 'no launch has begun here')
    if (!(this.#world.now() - pre_session.begun_at < MAX_AGE_MS)) throw new PorticoError('invalid_request', 'it began too long ago')
    if (state !== pre_session.state) throw new PorticoError('invalid_request', 'the answer is to another launch')
    if (typeof code !== 'string' || !code) throw new PorticoError('invalid_request', 'the code is missing')
    const form = { grant_type: 'authorization_code', code, code_verifier: pre_session.code_verifier }
    if (redirect_uri !== undefined) form.redirect_uri = redirect_uri
    const { status, body } = await this.#provider.post('token_endpoint', form)
    const tokens = tokensOf(status, body)
    const { claims } = await verified(tokens.id_token, this.#provider)
    checkClaims(claims, this.#provider, this.#world.now())
    // "the value of the nonce Claim in the ID Token [...] is identical to the value of the nonce parameter"
    // (OpenID Connect Core §3.1.3.7, shortened): the code was asked for by the page that this backend began with.
    if (claims.nonce !== pre_session.nonce) throw new PorticoError('invalid_grant', 'the code is of another launch')
    if (claims.azp !== undefined && claims.azp !== this.#provider.client_id) throw new PorticoError('invalid_token', 'it is for another client')
    return {
      openid: claims.sub,
      sid: claims.sid,
      scopes: typeof tokens.scope === 'string' ? tokens.scope.split(' ').filter(Boolean) : [],
      claims,
      tokens,
    }
  }
}
