// The bridge in a real browser, with frames of other sites: who may speak, and who may not.

import assert from 'node:assert/strict'
import { frameAt, superApp } from '../super_app.mjs'

export const title = 'The bridge: each call belongs to one instance, one program, one origin, one document'

const LOGIN = { nonce: 'n', code_challenge: 'c', state: 's', scope: 'openid' }
const CODE = { code: 'a code', iss: 'https://portico.example', state: 's', scope: 'openid' }

export async function journey({ browser, demo, step }) {
  const app = await superApp(demo, ['market', 'taxi'])
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } })
  const nova = await context.newPage()
  await nova.goto(app.nova.origin)
  const opens = (launch) => nova.evaluate((launch) => void host.open(launch), launch)
  const asked = () => nova.evaluate(() => asked.map(({ client_id, method, params }) => ({ client_id, method, params })))
  const answers = (result) => nova.evaluate((result) => asked.at(-1).resolve(result), result)
  const until = (frame, condition, argument) => frame.waitForFunction(condition, argument, { polling: 20, timeout: 15_000 })

  await step('A program shakes hands, calls, and gets its code', async () => {
    await opens(app.launch('market'))
    const market = await frameAt(nova, app.market.origin)
    const { sid, locked, transport } = await market.evaluate(() => bridge.ready)
    assert.deepEqual({ sid, locked, transport }, { sid: 'sid of market', locked: false, transport: 'frame' })
    await market.evaluate((login) => (globalThis.code = bridge.login(login), null), LOGIN)
    await until(nova, () => asked.length === 1)
    assert.deepEqual(await asked(), [{ client_id: 'market', method: 'login', params: LOGIN }])
    await answers(CODE)
    assert.deepEqual(await market.evaluate(() => code), CODE)
    await nova.evaluate(() => host.setContext({ theme: { color_scheme: 'dark' }, locale: 'ru' }))
    await until(market, () => events.some(([name, data]) => name === 'context_changed' && data.theme.color_scheme === 'dark'))
    assert.equal((await market.evaluate(() => bridge.context())).locale, 'ru')
  })

  await step('It cannot move the host, and the scripts need nothing that the strictest policy forbids', async () => {
    const market = await frameAt(nova, app.market.origin)
    const moved = await market.evaluate((to) => {
      try {
        top.location = to
        return 'moved'
      } catch (error) {
        return error.name
      }
    }, `${app.evil.origin}/`)
    assert.equal(moved, 'SecurityError')
    assert.equal(new URL(nova.url()).origin, app.nova.origin)
    assert.deepEqual(await nova.evaluate(() => violations), [])
    assert.deepEqual(await market.evaluate(() => violations), [])
    await market.evaluate(() => Portico.connect)
  })

  await step('A program that says it is another one is refused, and its own instance goes on', async () => {
    app.taxi.pages['/as-market'] = app.client('market')
    await opens({ ...app.launch('taxi'), entry_uri: `${app.taxi.origin}/as-market` })
    const taxi = await frameAt(nova, app.taxi.origin)
    assert.equal(await refusal(taxi), 'origin_not_allowed')
    await nova.evaluate(() => host.programs().at(-1).close())
  })

  await step('A frame inside a program is nobody, though its origin is right', async () => {
    const before = (await asked()).length
    app.market.pages['/with-frame'] = app.page(`<iframe src="${app.market.origin}/" title="within"></iframe>
      <iframe src="${app.market.origin}/raw" title="by hand"></iframe>`)
    await opens(app.launch('market', '/with-frame'))
    const within = await frameAt(nova, app.market.origin, '/', 2)
    assert.equal(await refusal(within), 'origin_not_allowed')
    const raw = await frameAt(nova, app.market.origin, '/raw')
    await raw.evaluate(() => hello('market', page_nonce, top))
    await raw.evaluate(() => hello('market', page_nonce, parent))
    const market = await frameAt(nova, app.market.origin, '/')
    await market.evaluate(() => bridge.context())
    assert.deepEqual(await raw.evaluate(() => heard), [])
    assert.equal((await asked()).length, before)
    await nova.evaluate(() => host.programs().at(-1).close())
  })

  await step('By hand: a nonce that comes again, a giant, a wrong nonce, an id that comes again', async () => {
    const before = (await asked()).length
    await opens(app.launch('taxi', '/raw'))
    const raw = await frameAt(nova, app.taxi.origin, '/raw')
    await raw.evaluate(() => hello('taxi'))
    await until(raw, () => welcomes.length === 1)
    const call = { type: 'call', id: 1, method: 'login', params: LOGIN }
    await raw.evaluate((call) => {
      hello('taxi')
      say({ ...call, params: { long: 'x'.repeat(70_000) } })
      say({ ...call, host_nonce: 'x'.repeat(24) })
      say({ ...call, page_nonce: 'x'.repeat(24) })
      say({}, { text: { portico: 1 } })
      say({}, { text: '{' })
      say(call)
      say(call)
      say({ ...call, id: 2, method: 'constructor' })
    }, call)
    await until(raw, () => heard.some(({ id }) => id === 2))
    assert.equal((await asked()).length, before + 1)
    assert.equal(await raw.evaluate(() => welcomes.length), 1)
    assert.equal(await raw.evaluate(() => heard.find(({ id }) => id === 2).error), 'unsupported_method')
  })

  await step('The document that asked is gone: what it asked for goes to nobody', async () => {
    const raw = await frameAt(nova, app.taxi.origin, '/raw')
    await raw.goto(`${app.taxi.origin}/raw?another`)
    await raw.evaluate(() => hello('taxi'))
    await until(raw, () => welcomes.length === 1)
    assert.equal(await nova.evaluate(() => asked.at(-1).signal.aborted), true)
    await answers({ code: 'of the document before' })
    await raw.evaluate(() => say({ type: 'call', id: 1, method: 'context' }))
    await until(raw, () => heard.some(({ type }) => type === 'result'))
    const results = await raw.evaluate(() => heard.filter(({ type }) => type === 'result'))
    assert.equal(results.length, 1)
    assert.equal(results[0].result.locale, 'ru')
  })

  await step('A frame that went to another origin is refused', async () => {
    const raw = await frameAt(nova, app.taxi.origin, '/raw')
    app.evil.pages['/as-taxi'] = app.client('taxi')
    const before = (await asked()).length
    await raw.evaluate((to) => void (location.href = to), `${app.evil.origin}/as-taxi`)
    const evil = await frameAt(nova, app.evil.origin)
    assert.equal(await refusal(evil), 'origin_not_allowed')
    await assert.rejects(evil.evaluate((login) => bridge.login(login), LOGIN), /origin_not_allowed/)
    assert.equal((await asked()).length, before)
  })

  await step('A page that frames a program and is no host hears nothing of it', async () => {
    app.evil.pages['/'] = app.page(`<iframe src="${app.market.origin}/" title="prey"></iframe>
      <script nonce="n">globalThis.heard = []; addEventListener('message', ({ data }) => heard.push(data))</script>`)
    const evil = await context.newPage()
    await evil.goto(app.evil.origin)
    const prey = await frameAt(evil, app.market.origin)
    assert.equal(await refusal(prey), 'origin_not_allowed')
    await evil.evaluate(() => {
      const welcome = { portico: 1, type: 'welcome', page_nonce: 'x'.repeat(24), host_nonce: 'y'.repeat(24), client_id: 'market', sid: 'evil', methods: ['login'], locked: false, context: {} }
      frames[0].postMessage(JSON.stringify(welcome), '*', [new MessageChannel().port2])
    })
    assert.equal(await prey.evaluate(() => bridge.state.locked), true)
    assert.deepEqual(await evil.evaluate(() => heard), [])
    await evil.close()
  })
  await context.close()
  app.closes()
}

const refusal = (frame) => frame.evaluate(() => bridge.ready.then(() => 'welcome', ({ error }) => error))
