// A program that is a page and nothing else: its token comes from the host, is exchanged anew before it runs
// out, and is gone when the session ends.

import assert from 'node:assert/strict'
import { look } from '../look.mjs'
import { Person, everythingIn } from '../person.mjs'

export const title = 'Page only: a launch token, exchanged anew, and forgotten at the end'
// So short that a journey sees it renewed.
export const environment = { PORTICO_TOKEN__ACCESS_LIFETIME: '12' }

export async function journey(world) {
  const { demo, step } = world
  const { app, portico, lido } = demo.addresses
  const ada = await Person.arrives(world, 'ada')
  const { page } = ada
  const launches = []
  const askers = []
  page.on('request', (request) => {
    const { origin, pathname } = new URL(request.url())
    if (pathname.startsWith('/launch/')) launches.push(request.postDataJSON())
    if (origin === portico && pathname === '/userinfo' && request.method() === 'GET') askers.push(request)
  })

  await step('A tile opens Lido, which asks for her name on the sheet of Nova', async () => {
    await ada.signsInAtNova()
    await page.locator('#open-lido').click()
    await ada.seesSheet(ada.sheet())
    await ada.sees(ada.sheet(), 'So that your ticket has your name on it.')
    await ada.allowsEverything()
    await ada.frame().locator('#holder', { hasText: 'Ada Lindqvist' }).waitFor()
    await look(page, 'lido')
  })

  await step('It was launched with a token, and asked Portico from its own page', async () => {
    assert.ok(launches.length > 0 && launches.every(({ launch_type }) => launch_type === 'token'), JSON.stringify(launches))
    assert.equal(await askers[0].headerValue('origin'), lido)
    assert.match(await askers[0].headerValue('authorization'), /^Bearer ey/)
  })

  await step('Its token is exchanged anew before it runs out', async () => {
    const code = () => ada.frame().locator('#bars').evaluate((bars) => bars.innerHTML)
    const [first, before] = [await code(), launches.length]
    await ada.frame().locator('#bars').evaluate(
      (bars, first) => new Promise((settle, reject) => {
        setTimeout(reject, 15_000, new Error('never'))
        const poll = setInterval(() => bars.innerHTML !== first && (clearInterval(poll), settle()), 50)
      }), first)
    assert.notEqual(await code(), first)
    assert.ok(launches.length > before)
    assert.ok(await ada.frame().locator('#ticket:not(.over)').isVisible())
  })

  await step('It keeps nothing', async () => {
    const inside = page.frames().find((one) => one.url().startsWith(lido))
    const { localStorage, sessionStorage, cookie } = await everythingIn(inside)
    assert.deepEqual({ localStorage, sessionStorage, cookie }, { localStorage: {}, sessionStorage: {}, cookie: '' })
  })

  await step('She takes her name back in Settings: the ticket has none at once, and asks for it', async () => {
    const settings = await ada.context.newPage()
    await settings.goto(`${portico}/account`)
    await settings.locator(`button[name=take_back][value="${demo.clients.lido.client_id} profile.basic"]`).click()
    await settings.locator('#notice').waitFor()
    await ada.frame().locator('#holder', { hasText: 'A guest of Lido' }).waitFor()
    await look(page, 'lido-without-a-name')
    await settings.close()
    await page.bringToFront()
    await ada.frame().locator('#share').click()
    await ada.allowsEverything()
    await ada.frame().locator('#holder', { hasText: 'Ada Lindqvist' }).waitFor()
  })

  const other = await ada.context.newPage()
  await step('She signs out in another tab: it is locked, and her name is out of the page', async () => {
    await other.goto(`${portico}/sign-out`)
    await other.locator('#logout').click()
    await page.locator('#locked').waitFor()
    const inside = page.frames().find((one) => one.url().startsWith(lido))
    await inside.waitForFunction(() => document.documentElement.dataset.locked === '')
    assert.ok(!(await everythingIn(inside)).shown.includes('Lindqvist'))
    const asked = launches.length
    await page.waitForTimeout(500)
    assert.equal(launches.length, asked, 'a locked page asks for nothing')
  })

  await step('She signs in again, and has her ticket again', async () => {
    await other.goto(app)
    await other.locator('#sign-in').click()
    await ada.typesPassword(other)
    await other.locator('#open-lido').waitFor()
    await page.locator('#locked').waitFor({ state: 'hidden' })
    await page.bringToFront()
    await ada.frame().locator('#holder', { hasText: 'Ada Lindqvist' }).waitFor()
    await other.close()
  })

  await step('In a window of its own it says where the ticket is', async () => {
    await ada.goesTo(`${lido}/open`)
    await ada.sees(page, 'Your ticket is in Nova')
    await look(page, 'lido-alone')
  })
  await ada.leaves()
}
