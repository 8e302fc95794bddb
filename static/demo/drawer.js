// Behind the scenes: the drawer beside Nova's phone. What its backend and those of the programs said to
// Portico, as it happens, and the operator's buttons. One tab of a browser listens and tells the others,
// because a browser opens six connections to one site. Where the page is narrow nothing is asked at all.
;(() => {
  'use strict'
  const at = (id) => document.getElementById(id)
  const page = document.querySelector('script[data-form-token]')?.dataset ?? {}
  const wide = matchMedia('(min-width: 1000px)')
  const list = at('exchanges')
  let form_token = page.formToken
  let last = 0

  const make = (name, text, more = {}) => Object.assign(document.createElement(name), text === undefined ? {} : { textContent: text }, more)

  // The tour or the drawer: two tabs, as a keyboard expects them.
  const tabs = [at('tab-tour'), at('tab-scenes')]
  const panels = [at('note'), at('scenes')]
  function show(index) {
    for (const [i, tab] of tabs.entries()) {
      tab.ariaSelected = String(i === index)
      tab.tabIndex = i === index ? 0 : -1
      panels[i].classList.toggle('behind', i !== index)
    }
  }
  function choose(index) {
    show(index)
    sessionStorage.setItem('beside', String(index))
  }
  for (const [i, tab] of tabs.entries()) {
    tab.addEventListener('click', () => choose(i))
    tab.addEventListener('keydown', (event) => {
      if (!['ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(event.key)) return
      event.preventDefault()
      const to = { Home: 0, End: 1 }[event.key] ?? 1 - i
      choose(to)
      tabs[to].focus()
    })
  }
  for (const panel of panels) panel.setAttribute('role', 'tabpanel')
  // Nothing in the tour can be tabbed to, and it may be longer than the screen.
  panels[0].tabIndex = 0
  show(Number(sessionStorage.getItem('beside') ?? (page.account ? 1 : 0)))
  at('beside').classList.add('has-tabs')

  const ICONS = ['nova', 'market', 'taxi', 'bank', 'operator']
  const HOW = { asked: 'asks', heard: 'hears', done: 'acts' }
  const pill = (status) => (status < 300 ? 'good' : status < 500 ? 'refused' : 'broken')

  /** An exchange as a line that opens. */
  function line({ at: moment, manner, who, name, what, status, took, says, parts }) {
    const item = make('li', undefined, { className: `exchange ${manner}` })
    const details = make(parts.length > 0 ? 'details' : 'div')
    const head = make(parts.length > 0 ? 'summary' : 'div', undefined, { className: 'head' })
    const icon = make('img', undefined, { src: `/assets/${ICONS.includes(who) ? who : 'nova'}.svg`, alt: '', width: 28, height: 28 })
    const first = make('span', undefined, { className: 'first' })
    first.append(make('b', name), ' ', make('span', HOW[manner], { className: 'how' }), ' ', make('code', what, { dir: 'ltr' }))
    const figures = make('span', undefined, { className: 'figures' })
    if (status !== null) figures.append(make('span', status, { className: `status-${pill(status)}` }))
    if (took !== null) figures.append(make('span', took < 1 ? '< 1 ms' : `${took} ms`, { className: 'took', dir: 'ltr' }))
    head.append(icon, first, figures, make('span', says, { className: 'says' }))
    details.append(head)
    if (parts.length > 0) details.addEventListener('toggle', () => fill(details, moment, parts), { once: true })
    item.append(details)
    return item
  }

  /** The rows, made when somebody looks. */
  function fill(details, moment, parts) {
    const rows = make('div', undefined, { className: 'rows' })
    const time = new Date(moment)
    rows.append(make('time', `${time.toLocaleTimeString('en-GB')}.${String(time.getMilliseconds()).padStart(3, '0')}`, { dateTime: time.toISOString() }))
    for (const part of parts) {
      const table = make('table')
      table.append(make('caption', part.title))
      for (const { name, value, words } of part.rows) {
        const row = table.insertRow()
        const head = make('th', undefined, { scope: 'row' })
        head.append(make('code', name, { dir: 'ltr' }))
        row.append(head)
        const cell = row.insertCell()
        if (value === null) cell.append(mask())
        else cell.append(make('code', value, { dir: 'ltr' }))
        cell.append(make('small', words))
      }
      rows.append(table)
    }
    details.append(rows)
  }
  function mask() {
    const masked = make('span', undefined, { className: 'masked' })
    masked.append(make('span', '••••••••', { ariaHidden: 'true' }), make('span', 'masked', { className: 'unseen' }))
    return masked
  }

  const MAX_LINES = 300
  function draw(exchanges) {
    for (const exchange of exchanges) {
      // Heard twice, by the stream and by asking.
      if (exchange.number <= last) continue
      last = exchange.number
      list.prepend(line(exchange))
      if (list.childElementCount > MAX_LINES) list.lastElementChild.remove()
    }
    at('scenes-empty').hidden = list.childElementCount > 0
  }

  async function ask() {
    const answer = await fetch(`/exchanges?after=${last}`, { cache: 'no-store' }).catch(() => null)
    if (answer?.ok) draw((await answer.json()).exchanges)
  }

  // Who is somebody else finds another channel: nobody is told of another person's exchanges.
  const name = `nova behind the scenes of ${page.account}`
  let stream
  function listen(channel) {
    stream?.close()
    stream = new EventSource(`/exchanges/live?after=${last}`)
    stream.addEventListener('message', ({ data }) => {
      const exchange = JSON.parse(data)
      channel.postMessage(exchange)
      draw([exchange])
    })
    stream.addEventListener('open', () => (at('scenes-live').hidden = false))
    stream.addEventListener('error', () => (at('scenes-live').hidden = true))
  }
  let begun = false
  async function begin() {
    if (begun || !wide.matches) return
    begun = true
    await ask()
    // Nobody is signed in: what was can be looked at, and nothing comes.
    if (!page.account) return
    const channel = new BroadcastChannel(name)
    channel.addEventListener('message', ({ data }) => {
      at('scenes-live').hidden = false
      draw([data])
    })
    navigator.locks.request(name, () => {
      listen(channel)
      // A stay begins when the person signs in again, and the stream is of the stay before.
      document.addEventListener('nova:present', () => listen(channel))
      return new Promise(() => {})
    })
    await ask()
  }
  wide.addEventListener('change', begin)
  begin()

  // What the page knows: the lock, and that somebody is there again.
  document.addEventListener('nova:locked', ({ detail: { ms } }) => {
    at('scenes-lock').hidden = ms === undefined
    at('scenes-lock-ms').textContent = `${ms} ms`
    for (const button of buttons) button.disabled = true
  })
  document.addEventListener('nova:present', ({ detail }) => {
    form_token = detail.form_token
    at('scenes-lock').hidden = true
    for (const button of buttons) button.disabled = false
    ask()
  })

  // The operator's buttons.
  const buttons = [...document.querySelectorAll('[data-operate]')]
  const person = at('person')?.textContent.trim().split(/\s+/)[0]
  if (person) at('operate-end').textContent = `End ${person}’s session`
  for (const button of buttons) {
    button.disabled = !page.account
    button.addEventListener('click', async () => {
      if (button.ariaBusy) return
      button.ariaBusy = 'true'
      const answer = await fetch(`/operator/${button.dataset.operate}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ form_token }),
      }).catch(() => null)
      const { said } = (await answer?.json().catch(() => null)) ?? { said: 'Nova does not answer.' }
      button.ariaBusy = null
      at('operator-said').textContent = said
    })
  }
})()
