// One question, asked in the manner of four frameworks: whose request is this, and may they?

import { PorticoError, Unavailable } from './errors.js'

const MAX_BODY = 64 * 1024

/** What an `Authorization` header is good for: `{person}`, or the answer that refuses it (RFC 6750 §3). */
export async function guard(portico, authorization, { scopes = [] } = {}) {
  const token = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) return refusal(401, authorization === undefined ? '' : 'error="invalid_token"', 'invalid_token')
  let person
  try {
    person = await portico.validate(token)
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    return { status: 503, headers: { 'cache-control': 'no-store', 'retry-after': '1' }, body: { error: 'temporarily_unavailable' } }
  }
  // A token that is bound to a key is worth nothing without a proof of it (RFC 9449 §7.1).
  if (person === null || person.cnf !== null) return refusal(401, 'error="invalid_token"', 'invalid_token')
  const missing = scopes.filter((scope) => !person.scopes.includes(scope))
  if (missing.length > 0) return refusal(403, `error="insufficient_scope", scope="${scopes.join(' ')}"`, 'insufficient_scope')
  return { person }
}

function refusal(status, challenge, error) {
  const value = challenge ? `Bearer ${challenge}` : 'Bearer'
  return { status, headers: { 'www-authenticate': value, 'cache-control': 'no-store' }, body: { error } }
}

export const middleware = {
  express: (portico, how) => async (request, response, next) => {
    try {
      const { person, status, headers, body } = await guard(portico, request.headers.authorization, how)
      if (!person) return void response.status(status).set(headers).json(body)
      request.portico = person
      next()
    } catch (error) {
      next(error)
    }
  },
  fastify: (portico, how) => async (request, reply) => {
    const { person, status, headers, body } = await guard(portico, request.headers.authorization, how)
    if (!person) return reply.code(status).headers(headers).send(body)
    request.portico = person
  },
  koa: (portico, how) => async (context, next) => {
    const { person, status, headers, body } = await guard(portico, context.headers.authorization, how)
    if (!person) {
      context.status = status
      context.set(headers)
      context.body = body
      return
    }
    context.state.portico = person
    await next()
  },
  hono: (portico, how) => async (context, next) => {
    const { person, status, headers, body } = await guard(portico, context.req.header('authorization'), how)
    if (!person) return context.json(body, status, headers)
    context.set('portico', person)
    await next()
  },
}

/** Answers a back-channel logout (OpenID Connect Back-Channel Logout 1.0 §2.8). `heard` ends the program's own sessions first. */
export function logoutEndpoint(portico, heard = () => {}) {
  return async (request, response) => {
    const answer = (status, body) => {
      response.writeHead(status, { 'cache-control': 'no-store', ...(body && { 'content-type': 'application/json' }) })
      response.end(body && JSON.stringify(body))
    }
    try {
      if (request.method !== 'POST') return answer(405)
      const form = request.body ?? Object.fromEntries(new URLSearchParams(await text(request)))
      await heard(await portico.backchannelLogout(form.logout_token))
      answer(200)
    } catch (error) {
      if (error instanceof PorticoError) return answer(400, { error: 'invalid_request', error_description: error.message })
      // Whoever sent it tries again.
      answer(503)
    }
  }
}

async function text(request) {
  let read = ''
  for await (const chunk of request) {
    read += chunk
    if (read.length > MAX_BODY) throw new PorticoError('invalid_request', 'it is too long')
  }
  return read
}
