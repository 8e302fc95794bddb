// Logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.6).

import { PorticoError } from './errors.js'
import { checkClaims, verified } from './jws.js'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** Who a logout token ends: `{sub, sid}`. */
export async function verifyLogoutToken(token, provider, now) {
  const { header, claims } = await verified(token, provider)
  const refuse = (why) => {
    throw new PorticoError('invalid_request', why)
  }
  if (header.typ !== undefined && String(header.typ).toLowerCase().replace(/^application\//, '') !== 'logout+jwt') {
    refuse('its typ is another one')
  }
  checkClaims(claims, provider, now)
  const event = claims.events?.[EVENT]
  if (typeof event !== 'object' || event === null) refuse('it is no logout token')
  // "Verify that the Logout Token does not contain a nonce Claim."
  if ('nonce' in claims) refuse('it has a nonce')
  const { sub, sid } = claims
  if (typeof sid !== 'string' && typeof sub !== 'string') refuse('it names nobody')
  return { sub, sid }
}
