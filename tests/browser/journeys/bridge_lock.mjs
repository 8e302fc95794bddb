// What a host draws over its programs, whatever they do: the lock, the sheet, and one stream for all tabs.

import assert from 'node:assert/strict'
import { frameAt, superApp } from '../super_app.mjs'

export const title = 'The lock: drawn over every program in every tab, whatever a program does'

const LOGIN = { nonce: 'n', code_challenge: 'c' }

export async function journey({ browser, demo, step }) {
  const app = await superApp(demo, ['market', 'taxi'])
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } })
  const nova = await context.newPage()
  await nova.goto(app.nova.origin)
  const until = (frame, condition, argument) => frame.waitForFunction(condition, argument, { polling: 20, timeout: 15_000 })
  for (const name of ['market', 'taxi']) await nova.evaluate((launch) => void host.open(launch), app.launch(name))
  const market = await frameAt(nova, app.market.origin)
  const taxi = await frameAt(nova, app.taxi.origin)
  for (const program of [market, taxi]) await program.evaluate(() => bridge.ready)

  await step('A program that never comes to rest is locked all the same, in the moment of the event', async () => {
    const busy = taxi.evaluate(() => {
      const end = Date.now() + 3000
      while (Date.now() < end);
    })
    await market.evaluate((login) => void (globalThis.running = bridge.login(login).catch(({ error }) => error)), LOGIN)
    await until(nova, () => asked.length === 1)
    const drawn = await nova.evaluate(() => {
      heard('session_ended', { at: 1, reason: 'logout' })
      return [...document.querySelectorAll('.portico-program')].map((box) => {
        const [frame, cover] = [box.querySelector('iframe'), box.querySelector('.portico-cover')]
        return { inert: frame.inert, visibility: frame.style.visibility, covered: !cover.hidden, words: cover.textContent }
      })
    })
    const locked = { inert: true, visibility: 'hidden', covered: true, words: 'Signed out: logout' }
    assert.deepEqual(drawn, [locked, locked])
    assert.equal(await market.evaluate(() => running), 'locked')
    assert.equal(await market.evaluate(() => bridge.context().catch(({ error }) => error)), 'locked')
    assert.equal(await nova.evaluate(() => asked[0].signal.aborted), true)
    await busy
    await until(taxi, () => bridge.state.locked)
    assert.equal(await nova.evaluate((launch) => { try { host.open(launch) } catch ({ error }) { return error } }, app.launch('market')), 'locked')
  })

  await step('The same person signs in again: a former session is dropped before anything else', async () => {
    await nova.evaluate(() => host.signedIn({ account: 'ada', sids: { market: 'another sid', taxi: 'sid of taxi' } }))
    await until(market, () => !bridge.state.locked)
    await until(taxi, () => !bridge.state.locked)
    const names = (frame) => frame.evaluate(() => events.map((event) => (Array.isArray(event) ? event[0] : event)).filter((name) => /expired|dropped|unlocked/.test(name)))
    assert.deepEqual(await names(market), ['session_expired', 'dropped', 'unlocked'])
    assert.deepEqual(await names(taxi), ['session_expired', 'unlocked'])
    assert.equal(await nova.evaluate(() => document.querySelector('.portico-program iframe').style.visibility), '')
  })

  await step('What concerns one program is told to that one', async () => {
    await nova.evaluate(() => heard('grant_changed', { at: 1, client_id: 'market', scope: 'openid', removed: 'phone.verified' }))
    await until(market, () => events.some(([name, data]) => name === 'grant_changed' && data.removed === 'phone.verified' && !('client_id' in data)))
    await nova.evaluate(() => heard('mini_program_suspended', { at: 1, client_id: 'market' }))
    await until(market, () => bridge.state.locked)
    assert.equal(await taxi.evaluate(() => events.some(([name]) => name === 'grant_changed')), false)
    assert.equal(await taxi.evaluate(() => bridge.state.locked), false)
  })

  await step('The sheet rises over inert programs, answers to Portico alone, and the call is asked again', async () => {
    app.evil.pages['/sheet'] = app.page('<h1>The sheet</h1>')
    const interaction_uri = `${app.evil.origin}/sheet?secret`
    const before = await nova.evaluate(() => asked.length)
    await taxi.evaluate((login) => void (globalThis.running = bridge.login(login)), LOGIN)
    await until(nova, (before) => asked.length === before + 1, before)
    await nova.evaluate((interaction_uri) => asked.at(-1).reject({ error: 'consent_required', interaction_uri, interaction: 'i1' }), interaction_uri)
    const sheet = await frameAt(nova, app.evil.origin, '/sheet')
    assert.deepEqual(await nova.evaluate(() => [...document.querySelectorAll('.portico-program iframe')].map(({ inert }) => inert)), [true, true])
    const posts = (frame, interaction) =>
      frame.evaluate((interaction) => parent.postMessage({ portico: 1, type: 'interaction', interaction, result: 'allowed' }, '*'), interaction)
    await posts(taxi, 'i1')
    await posts(sheet, 'another')
    assert.equal(await nova.evaluate(() => document.querySelectorAll('.portico-sheet').length), 1)
    await posts(sheet, 'i1')
    await until(nova, (before) => asked.length === before + 2, before)
    await nova.evaluate(() => asked.at(-1).resolve({ code: 'after the sheet' }))
    assert.equal(await taxi.evaluate(() => running.then(({ code }) => code)), 'after the sheet')
    assert.equal(await nova.evaluate(() => document.querySelectorAll('.portico-sheet').length), 0)
  })

  await step('Back takes the sheet away, then the program', async () => {
    const before = await nova.evaluate(() => asked.length)
    await taxi.evaluate((login) => void (globalThis.running = bridge.login(login).catch(({ error }) => error)), LOGIN)
    await until(nova, (before) => asked.length === before + 1, before)
    await nova.evaluate((uri) => asked.at(-1).reject({ error: 'consent_required', interaction_uri: uri }), `${app.evil.origin}/sheet?2`)
    await until(nova, () => document.querySelectorAll('.portico-sheet').length === 1)
    await nova.evaluate(() => history.back())
    await until(nova, () => document.querySelectorAll('.portico-sheet').length === 0)
    assert.equal(await taxi.evaluate(() => running), 'access_denied')
    await nova.evaluate(() => history.back())
    await until(taxi, () => events.some(([name]) => name === 'hidden'))
    assert.deepEqual(await nova.evaluate(() => [...document.querySelectorAll('.portico-program')].map(({ hidden }) => hidden)), [false, true])
  })

  await step('Somebody else is here now: nothing of the person before is left in the page', async () => {
    await nova.evaluate(() => heard('user_changed', { at: 1 }))
    assert.equal(await nova.evaluate(() => document.querySelector('#programs').childElementCount), 0)
    assert.deepEqual(await nova.evaluate(() => host.programs()), [])
  })

  await step('Two tabs read one stream, and both lock', async () => {
    const streams = []
    app.nova.pages['/session-events'] = (request, answer) => {
      answer.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      answer.write(`event: ready\ndata: {"at":${Date.now()},"session_expires_at":${Date.now() + 90 * 86_400_000}}\n\n`)
      streams.push(answer)
    }
    const tabs = [await context.newPage(), await context.newPage()]
    for (const tab of tabs) {
      await tab.goto(`${app.nova.origin}/?stream`)
      await until(tab, () => document.title === 'ready')
      await tab.evaluate((launch) => void host.open(launch), app.launch('market'))
    }
    assert.equal(streams.length, 1)
    streams[0].write(`id: 1\nevent: session_expired\ndata: {"at":${Date.now()}}\n\n`)
    for (const tab of tabs) {
      await until(tab, () => document.querySelector('.portico-cover').textContent === 'Signed out: expired')
      assert.equal(await tab.evaluate(() => document.querySelector('.portico-cover').hidden), false)
    }
    assert.equal(streams.length, 1, 'nobody asks again by themselves')
  })
  await context.close()
  app.closes()
}
