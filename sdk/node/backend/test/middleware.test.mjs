// The same question in real frameworks: Express, Fastify, Koa, Hono.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { FakePortico } from './fake_portico.mjs'

/** Each answers with whom it found, and says where it listens. */
const FRAMEWORKS = {
  async express(backend, needs) {
    const app = express()
    app.get('/', backend.express(needs), (request, response) => response.json(request.portico))
    return listens(createServer(app))
  },
  async fastify(backend, needs) {
    const app = Fastify()
    app.get('/', { onRequest: backend.fastify(needs) }, async (request) => request.portico)
    const address = await app.listen({ port: 0, host: '127.0.0.1' })
    return { ask: (headers) => fetch(address, { headers }), close: () => app.close() }
  },
  async koa(backend, needs) {
    const app = new Koa()
    app.use(backend.koa(needs))
    app.use((context) => (context.body = context.state.portico))
    return listens(createServer(app.callback()))
  },
  async hono(backend, needs) {
    const app = new Hono()
    app.use(backend.hono(needs))
    app.get('/', (context) => context.json(context.get('portico')))
    return { ask: (headers) => app.request('/', { headers }), close() {} }
  },
}

async function listens(server) {
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const address = `http://127.0.0.1:${server.address().port}/`
  return {
    ask: (headers, request) => fetch(address, { headers, ...request }),
    close: () => (server.closeAllConnections(), server.close()),
  }
}

for (const [name, framework] of Object.entries(FRAMEWORKS)) {
  test(`${name}: lets in whose token is good, and says why it does not`, async () => {
    const portico = new FakePortico()
    const person = { active: true, sub: 'ada', sid: 'sid-1', exp: portico.time / 1000 + 600 }
    portico.tokens.set('good', { ...person, scope: 'openid orders' })
    portico.tokens.set('narrow', { ...person, scope: 'openid' })
    portico.tokens.set('bound', { ...person, scope: 'openid orders', cnf: { jkt: 'k' } })
    portico.tokens.set('broken', { status: 500 })
    const app = await framework(portico.backend(), { scopes: ['orders'] })
    try {
      const asks = async (authorization) => {
        const answer = await app.ask(authorization === undefined ? {} : { authorization })
        return [answer.status, answer.headers.get('www-authenticate'), await answer.json()]
      }
      const [status, , found] = await asks('Bearer good')
      assert.deepEqual([status, found.openid, found.sid], [200, 'ada', 'sid-1'])
      assert.equal((await asks('bearer good'))[0], 200, 'a scheme is written in any case (RFC 9110 §11.1)')
      assert.deepEqual((await asks()).slice(0, 2), [401, 'Bearer'])
      for (const bad of ['Bearer unknown', 'Basic x', 'Bearer', 'Bearer a b', 'DPoP bound', 'Bearer bound']) {
        assert.deepEqual((await asks(bad)).slice(0, 2), [401, 'Bearer error="invalid_token"'], bad)
      }
      assert.deepEqual((await asks('Bearer narrow')).slice(0, 2), [403, 'Bearer error="insufficient_scope", scope="orders"'])
      const [unknown, challenge] = await asks('Bearer broken')
      assert.deepEqual([unknown, challenge], [503, null])
    } finally {
      await app.close()
    }
  })
}

const logout = (portico) =>
  portico.signs(portico.claims({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }), { header: { typ: 'logout+jwt' } })

for (const parsed of [false, true]) {
  test(`back-channel logout in Express, ${parsed ? 'with' : 'without'} a parser of forms`, async () => {
    const portico = new FakePortico()
    const backend = portico.backend()
    const heard = []
    const app = express()
    if (parsed) app.use(express.urlencoded({ extended: false }))
    app.post('/', backend.logoutEndpoint((ended) => void heard.push(ended)))
    const server = await listens(createServer(app))
    try {
      const post = async (form) => {
        const answer = await server.ask({}, { method: 'POST', body: new URLSearchParams(form) })
        return [answer.status, answer.headers.get('cache-control')]
      }
      assert.deepEqual(await post({ logout_token: logout(portico) }), [200, 'no-store'])
      assert.deepEqual(await post({ logout_token: 'x' }), [400, 'no-store'])
      assert.deepEqual(await post({}), [400, 'no-store'])
      assert.deepEqual(heard, [{ sub: 'ada', sid: 'sid-1' }])
      portico.fails = true
      assert.deepEqual(await post({ logout_token: portico.signs(portico.claims({}), { header: { kid: 'k7' } }) }), [503, 'no-store'])
    } finally {
      server.close()
    }
  })
}
