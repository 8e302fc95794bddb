// A person with a browser that knows cookies, redirects and plain HTML forms, and no JavaScript.

import assert from 'node:assert/strict'
import { readPage } from './page.mjs'

const MOST_REDIRECTS = 10
const MOST_PAGES = 10

export class Person {
  #home
  #cookies = new Map()

  constructor({ issuer, person }) {
    this.#home = issuer
    this.username = person.username
    this.password = person.password
  }

  /**
   * Opens an address and follows redirects as long as they stay at Portico.
   * @returns a page, or `{ landing }`: the address outside to which Portico sent the browser
   */
  async opens(address, { method = 'GET', fields } = {}) {
    let url = new URL(address)
    for (let hop = 0; hop < MOST_REDIRECTS; hop += 1) {
      if (url.origin !== this.#home) return { landing: url }
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
    const headers = { cookie: [...this.#cookies].map(([k, v]) => `${k}=${v}`).join('; ') }
    if (method === 'POST') {
      headers.origin = url.origin
      headers['content-type'] = 'application/x-www-form-urlencoded'
    }
    const body = method === 'POST' ? new URLSearchParams(fields).toString() : undefined
    const answer = await fetch(url, { method, headers, body, redirect: 'manual' })
    for (const line of answer.headers.getSetCookie()) this.#keep(line)
    return answer
  }

  #keep(line) {
    const [pair, ...attributes] = line.split(';').map((part) => part.trim())
    const at = pair.indexOf('=')
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
    // Over https every cookie of ours is out of reach of scripts and of plain http.
    const flags = attributes.map((attribute) => attribute.toLowerCase())
    assert.ok(flags.includes('secure'), `the cookie ${name} is not Secure`)
    assert.ok(flags.includes('httponly'), `the cookie ${name} is not HttpOnly`)
    if (flags.includes('max-age=0') || value === '') this.#cookies.delete(name)
    else this.#cookies.set(name, value)
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
   * @returns the client's address with the response, or for form_post `{ action, fields }`
   */
  async goesThrough(authorization, { without = [], declines = false } = {}) {
    let page = await this.opens(authorization)
    for (let turn = 0; turn < MOST_PAGES; turn += 1) {
      if (page.landing) return page.landing
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
