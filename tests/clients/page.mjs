// What a browser without JavaScript sees in a page: its forms, with their fields as they would be
// sent, and their buttons. Enough HTML for pages that we know; no parser.

export function readPage(url, status, html) {
  return new Page(url, status, html)
}

class Page {
  constructor(url, status, html) {
    this.url = url
    this.status = status
    this.html = html
    this.forms = [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, tag, inner]) =>
      readForm(url, attributes(tag), inner),
    )
  }

  hasField(name) {
    return this.forms.some((form) => form.names.has(name))
  }

  hasButton(wanted) {
    return this.forms.some((form) => form.buttons.some((button) => matches(button, wanted)))
  }

  formWith(wanted) {
    const form = this.forms.find((form) => form.buttons.some((button) => matches(button, wanted)))
    if (!form) throw new Error(`no button ${JSON.stringify(wanted)} on the page: ${this}`)
    return form
  }

  toString() {
    const text = this.html.replace(/<(style|script)[\s\S]*?<\/\1>/g, '').replace(/<[^>]*>/g, ' ')
    return `${this.status} ${this.url}\n${decode(text).replace(/\s+/g, ' ').trim().slice(0, 600)}`
  }
}

function matches(button, wanted) {
  return Object.entries(wanted).every(([key, value]) => button[key] === value)
}

function readForm(url, form, inner) {
  const fields = []
  const names = new Set()
  const buttons = []
  for (const [, kind, tag] of inner.matchAll(/<(input|button)\b([^>]*)>/g)) {
    const field = attributes(tag)
    const type = field.type ?? (kind === 'button' ? 'submit' : 'text')
    if (kind === 'button' || type === 'submit') {
      buttons.push({ id: field.id, name: field.name, value: field.value ?? '' })
    } else if (field.name !== undefined) {
      names.add(field.name)
      const ticked = type !== 'checkbox' && type !== 'radio' ? true : 'checked' in field
      if (ticked && !('disabled' in field)) fields.push([field.name, field.value ?? ''])
    }
  }
  return {
    action: new URL(form.action || url, url).href,
    method: (form.method ?? 'GET').toUpperCase(),
    fields,
    names,
    buttons,
  }
}

function attributes(tag) {
  const found = {}
  for (const [, name, value] of tag.matchAll(/([a-zA-Z-]+)(?:="([^"]*)")?/g)) {
    found[name.toLowerCase()] = decode(value ?? '')
  }
  return found
}

const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

function decode(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#([0-9]+)|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16))
    if (decimal) return String.fromCodePoint(Number.parseInt(decimal, 10))
    return NAMED[name] ?? whole
  })
}
