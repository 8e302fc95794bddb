// Signed tokens (RFC 7515, compact), verified with Portico's public keys by what Node has.

import { constants, createPublicKey, verify } from 'node:crypto'
import { PorticoError } from './errors.js'

// The algorithm decides what a key may be, never the other way round.
const ALGORITHMS = {
  __proto__: null,
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256', how: { dsaEncoding: 'ieee-p1363' } },
  RS256: { kty: 'RSA', hash: 'sha256', how: {} },
  PS256: {
    kty: 'RSA',
    hash: 'sha256',
    how: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', hash: null, how: {} },
  Ed25519: { kty: 'OKP', crv: 'Ed25519', hash: null, how: {} },
}
const MAX_LENGTH = 16 * 1024

/** The header and the claims of a token that Portico signed. */
export async function verified(token, provider) {
  const refuse = (why) => {
    throw new PorticoError('invalid_token', why)
  }
  if (typeof token !== 'string' || token.length > MAX_LENGTH) refuse('it is no token')
  const parts = token.split('.')
  if (parts.length !== 3 || !parts.every((part) => /^[\w-]+$/.test(part))) refuse('it is no signed token')
  const [header, claims] = parts.slice(0, 2).map((part) => json(part) ?? refuse('it is no JSON'))
  const algorithm = ALGORITHMS[header.alg] ?? refuse('its algorithm is not accepted')
  // "If any of the listed extension Header Parameters are not understood and supported by the
  // recipient, then the JWS is invalid" (RFC 7515 §4.1.11).
  if ('crit' in header) refuse('it asks for an extension')
  const signed = Buffer.from(`${parts[0]}.${parts[1]}`)
  const signature = Buffer.from(parts[2], 'base64url')
  const keys = await provider.keys(header.kid)
  const fits = (key) => key.kty === algorithm.kty && (!algorithm.crv || key.crv === algorithm.crv) && (key.use ?? 'sig') === 'sig'
  const good = keys.filter(fits).some((jwk) => {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    return verify(algorithm.hash, signed, { key, ...algorithm.how }, signature)
  })
  if (!good) refuse('no key of the issuer signed it')
  return { header, claims }
}

function json(part) {
  try {
    const value = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

/** What every token for this client must say: who made it, for whom, and that it is not over. */
export function checkClaims(claims, { issuer, client_id }, now) {
  const audience = [claims.aud].flat()
  if (claims.iss !== issuer) throw new PorticoError('invalid_token', 'it is of another issuer')
  if (!audience.includes(client_id)) throw new PorticoError('invalid_token', 'it is for another client')
  if (typeof claims.exp !== 'number' || claims.exp * 1000 <= now - LEEWAY_MS) throw new PorticoError('invalid_token', 'it is over')
  if (typeof claims.iat !== 'number' || claims.iat * 1000 > now + LEEWAY_MS) throw new PorticoError('invalid_token', 'it is of the future')
}

const LEEWAY_MS = 60_000
