// A client of Portico's built on openid-client, as its users build theirs.

import assert from 'node:assert/strict'
import * as client from 'openid-client'

export const REDIRECT_URI = 'https://shop.example/callback'
export const AFTER_SIGN_OUT = 'https://shop.example/signed-out'

export class RelyingParty {
  /**
   * Registers a client and discovers Portico for it.
   * @param metadata RFC 7591 metadata, over those of a confidential client with a secret
   * @param authentication makes openid-client's authentication from the registration's answer
   */
  static async register(portico, metadata = {}, authentication = bySecret) {
    const registered = portico.addClient({
      client_name: 'Shop',
      redirect_uris: [REDIRECT_URI],
      post_logout_redirect_uris: [AFTER_SIGN_OUT],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'openid profile email',
      token_endpoint_auth_method: 'client_secret_basic',
      ...metadata,
    })
    const party = new RelyingParty()
    party.registered = registered
    party.scope = registered.scope
    party.config = await client.discovery(
      new URL(portico.issuer),
      registered.client_id,
      { id_token_signed_response_alg: registered.id_token_signed_response_alg ?? 'RS256' },
      authentication(registered),
    )
    // The id_token's signature is checked too, although it comes over TLS.
    client.enableNonRepudiationChecks(party.config)
    return party
  }

  get clientId() {
    return this.registered.client_id
  }

  /** An authorization request with PKCE, state and nonce, and what is needed to check its answer. */
  async request(parameters = {}) {
    const checks = {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
      expectedState: client.randomState(),
      expectedNonce: client.randomNonce(),
      idTokenExpected: true,
    }
    const url = client.buildAuthorizationUrl(this.config, {
      redirect_uri: REDIRECT_URI,
      scope: this.scope,
      code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      ...parameters,
    })
    return { url, checks }
  }

  /** Redeems the code of an authorization response. */
  async redeems(landing, checks) {
    return client.authorizationCodeGrant(this.config, landing, checks)
  }

  /** The whole code flow of one person, as far as the tokens. */
  async signsIn(person, parameters = {}, choices = {}) {
    const { url, checks } = await this.request(parameters)
    return this.redeems(await person.goesThrough(url, choices), checks)
  }

  async introspects(token) {
    return client.tokenIntrospection(this.config, token)
  }
}

/**
 * Expects that Portico does not believe who the client says it is in the Authorization header. "a
 * server generating a 401 response MUST send a WWW-Authenticate header field" (RFC 9110 §15.5.2):
 * openid-client reports that header, and leaves the body of RFC 6749 §5.2 to be read.
 */
export async function isNotBelievedInHeader(request) {
  const refusal = await refusalOf(request)
  assert.equal(refusal.code, 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', refusal.stack)
  assert.equal(refusal.status, 401)
  assert.equal(refusal.cause[0].scheme, 'basic')
  assert.equal((await refusal.response.json()).error, 'invalid_client')
}

/**
 * Expects that Portico does not believe who the client says it is in the body. There was no header to
 * challenge, so the answer is RFC 6749 §5.2's usual 400, whose words openid-client reports.
 */
export async function isNotBelievedInBody(request) {
  const refusal = await refusalOf(request)
  assert.equal(refusal.error, 'invalid_client', refusal.stack)
  assert.equal(refusal.status, 400)
  assert.equal(refusal.response.headers.get('www-authenticate'), null)
}

async function refusalOf(request) {
  return request.then(
    () => assert.fail('the client was believed'),
    (error) => error,
  )
}

function bySecret(registered) {
  return client.ClientSecretBasic(registered.client_secret)
}
