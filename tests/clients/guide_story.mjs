// What every guide's backend must do, seen by a person who uses it.

import assert from 'node:assert/strict'
import { Person } from './person.mjs'

// A running server hears of a command within a second; a busy machine has more time than that.
const SOON = 10_000

/** Ada signs in; all that may end that is tried, and the backend's next page knows of it. */
export async function isSignedInUntilItEnds(portico, { origin }) {
  const ada = new Person(portico, { visits: [origin] })
  const looks = () => ada.opens(`${origin}/`)

  isSignedOut(await looks())
  // "Not now" is an answer, and no error.
  isSignedOut(await ada.goesThrough(`${origin}/sign-in`, { declines: true }))
  isSignedIn(await ada.goesThrough(`${origin}/sign-in`))
  isSignedIn(await looks())

  // No access token of before stands any longer, but the sign-in does: the backend fetches a fresh one.
  const { keys } = portico.command(['keys', 'list', '--json'])
  const signing = keys.find((key) => key.alg === 'ES256' && key.state === 'active')
  const before = await refreshes(portico)
  portico.command(['keys', 'revoke', signing.kid, '--json'])
  await soon(looks, async (page) => {
    isSignedIn(page)
    return (await refreshes(portico)) > before
  })
  assert.ok((await refreshes(portico)) > before, 'the backend has refreshed its token')

  portico.command(['revoke', '--user', ada.username, '--json'])
  isSignedOut(await soon(looks, saysSignIn))
  // Portico still knows her in this browser, so the shop does again without a question.
  isSignedIn(await ada.opens(`${origin}/sign-in`))

  const { sessions } = portico.command(['session', 'list', '--user', ada.username, '--json'])
  for (const { id } of sessions) portico.command(['session', 'end', id, '--json'])
  isSignedOut(await soon(looks, saysSignIn))
  const page = await ada.opens(`${origin}/sign-in`)
  assert.ok(page.hasField('password'), `she is asked for her password: ${page}`)
  isSignedIn(await ada.signsIn(page))

  // Only the browser that signs out is signed out.
  const atWork = new Person(portico, { visits: [origin] })
  isSignedIn(await atWork.goesThrough(`${origin}/sign-in`))
  const itsOnlyButton = {}
  const question = await ada.presses(await looks(), itsOnlyButton)
  assert.equal(question.url.origin, portico.issuer, 'Portico asks whether she means it')
  isSignedOut(await looks())
  isSignedOut(await ada.presses(question, { name: 'decision', value: 'logout' }))
  assert.ok((await ada.opens(`${origin}/sign-in`)).hasField('password'), 'nor does Portico know her here')
  isSignedIn(await atWork.opens(`${origin}/`))
}

function isSignedIn(page) {
  assert.equal(page.status, 200, `${page}`)
  assert.match(page.html, /Hello, Ada Lovelace/, `${page}`)
}

function isSignedOut(page) {
  assert.equal(page.status, 200, `${page}`)
  assert.ok(saysSignIn(page), `${page}`)
  assert.doesNotMatch(page.html, /Ada/, `${page}`)
}

function saysSignIn(page) {
  return page.html.includes('href="/sign-in"')
}

// Looks until it is so. Returns what was seen last.
async function soon(look, isSo) {
  const until = Date.now() + SOON
  for (;;) {
    const seen = await look()
    if ((await isSo(seen)) || Date.now() > until) return seen
  }
}

// How many refresh tokens this server has exchanged, as it counts them itself.
async function refreshes({ issuer }) {
  const metrics = await (await fetch(`${issuer}/metrics`)).text()
  const counts = metrics.matchAll(/^portico_token_requests_total\{[^}]*grant="refresh_token"[^}]*\} (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}
