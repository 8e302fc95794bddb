// A person with a browser that knows cookies, redirects and plain HTML forms, and no JavaScript.

import assert from 'node:assert/strict'
import { readPage } from './page.mjs'

const MOST_REDIRECTS = 10
const MOST_PAGES = 10

export class Person {
  #home
  // Of each server that the browser visits, by its origin.
  #cookies

  /** @param visits the origins that the browser goes to besides Portico; others are not there */
  constructor({ issuer, person }, { visits = [] } = {}) {
    this.#home = issuer
    this.#cookies = new Map([issuer, ...visits].map((origin) => [origin, new Map()]))
    this.username = person.username
    this.password = person.password
  }

  /**
   * Opens an address and follows redirects as long as they lead to servers that the browser visits.
   * @returns a page, or `{ landing }`: the address outside to which the browser was sent
   */
  async opens(address, { method = 'GET', fields } = {}) {
    let url = new URL(address)
    for (let hop = 0; hop < MOST_REDIRECTS; hop += 1) {
      if (!this.#cookies.has(url.origin)) return { landing: url }
      const answer = await this.#send(url, method, fields)
      const location = answer.headers.get('location')
      if (answer.status < 300 || answer.status > 399 || !location) {
        return readPage(url, answer.status, await answer.text())
      }
      await answer.arrayBuffer()
      url = new URL(location, url)
      // "303 See Other" and, by custom, 302 after a POST: go on with GET.
      if (answer.status !== 307 && answer.status !== 308) {
        method = 'GET'
        fields = undefined
      }
    }
    throw new Error(`more than ${MOST_REDIRECTS} redirects, the last one to ${url}`)
  }

  async #send(url, method, fields) {
    const cookies = this.#cookies.get(url.origin)
    const headers = { cookie: [...cookies].map(([k, v]) => `${k}=${v}`).join('; ') }
    if (method === 'POST') {
      headers.origin = url.origin
      headers['content-type'] = 'application/x-www-form-urlencoded'
    }
    const body = method === 'POST' ? new URLSearchParams(fields).toString() : undefined
    const answer = await fetch(url, { method, headers, body, redirect: 'manual' })
    for (const line of answer.headers.getSetCookie()) this.#keep(line, url.origin)
    return answer
  }

  #keep(line, origin) {
    const [pair, ...attributes] = line.split(';').map((part) => part.trim())
    const at = pair.indexOf('=')
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
    // Every cookie is out of reach of scripts, and over https of plain http.
    const flags = attributes.map((attribute) => attribute.toLowerCase())
    assert.equal(flags.includes('secure'), origin.startsWith('https:'), `the cookie ${name}: Secure`)
    assert.ok(flags.includes('httponly'), `the cookie ${name} is not HttpOnly`)
    const cookies = this.#cookies.get(origin)
    if (flags.includes('max-age=0') || value === '') cookies.delete(name)
    else cookies.set(name, value)
  }

  /** Presses a button of a page, after filling fields and removing ticks. */
  async presses(page, button, { fill = {}, untick = [] } = {}) {
    const form = page.formWith(button)
    const fields = form.fields
      .filter(([name, value]) => !untick.some((u) => u.name === name && u.value === value))
      .filter(([name]) => !(name in fill))
      .concat(Object.entries(fill))
    if (button.name) fields.push([button.name, button.value])
    if (form.method === 'GET') {
      const url = new URL(form.action)
      url.search = new URLSearchParams(fields)
      return this.opens(url)
    }
    return this.opens(form.action, { method: 'POST', fields })
  }

  async signsIn(page, password = this.password) {
    return this.presses(page, { id: 'sign-in' }, { fill: { username: this.username, password } })
  }

  /**
   * Opens an authorization request and answers every page until Portico sends the browser back to
   * the client: signs in, allows what is asked except the scopes of `without`, or declines.
   * @returns the client's address with the response, or for form_post `{ action, fields }`, or the
   *   client's page, if the browser visits it
   */
  async goesThrough(authorization, { without = [], declines = false } = {}) {
    let page = await this.opens(authorization)
    for (let turn = 0; turn < MOST_PAGES; turn += 1) {
      if (page.landing) return page.landing
      if (page.url.origin !== this.#home) return page
      const outside = page.forms.find((form) => new URL(form.action).origin !== this.#home)
      if (outside) return { action: outside.action, fields: outside.fields }
      page = await this.#answers(page, without, declines)
    }
    throw new Error(`still not back at the client after ${MOST_PAGES} pages`)
  }

  async #answers(page, without, declines) {
    assert.equal(page.status, 200, `an unexpected page: ${page}`)
    if (page.hasField('password')) return this.signsIn(page)
    const button = (value) => ({ name: 'decision', value })
    if (declines && page.hasButton(button('deny'))) return this.presses(page, button('deny'))
    if (page.hasButton(button('allow'))) {
      const untick = without.map((scope) => ({ name: 'scope', value: scope }))
      return this.presses(page, button('allow'), { untick })
    }
    throw new Error(`a page with no way on: ${page}`)
  }
}
