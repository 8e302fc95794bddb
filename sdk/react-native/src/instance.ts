// One WebView of one program: what it says is judged here, and where it may go.
//
// It is bound once, to a stay and a client, and ends with the stay; whoever comes back gets another one.

import { originOf } from './address'
import { bind } from './host.js'
import type { Binding } from './host.js'

/** What an instance needs of a WebView. */
export interface View {
  /** Runs a script in the document of the main frame, whichever that is now. */
  injectJavaScript(script: string): void
  stopLoading(): void
  goBack(): void
}

/** What a WebView says of who sent a message. */
export interface Message {
  url: string
  data: unknown
}

/** What a WebView says of where it is about to go. Android does not know which frame it is about. */
export interface Navigation {
  url: string
  isTopFrame?: boolean
}

export interface InstanceOptions {
  client_id: string
  origins: readonly string[]
  methods: readonly string[]
  sid: string | null
  context: object
  /** The origin of Portico, for a program that goes there and back to sign in. */
  through: string | null
  call(method: string, params: Record<string, unknown>, how: { signal: AbortSignal }): unknown
  /** A document of another origin is there: this instance is over. */
  strayed(): void
  /** The program wants to show something of another site. */
  external(address: string): void
  nonce(): string
}

const OUT_OF_FULL_SCREEN =
  'document.exitFullscreen&&document.fullscreenElement&&document.exitFullscreen();' +
  "document.querySelectorAll('video').forEach(function(v){v.webkitExitFullscreen&&v.webkitExitFullscreen()});"

/** A text as a literal of JavaScript. */
const literal = (text: string): string =>
  // Older engines take these two for the end of a line.
  JSON.stringify(text).replace(/\u2028/g, '\\u2028').replace(/\u2029/g, '\\u2029')

/**
 * A script that hands a text to the page, if the main frame is of that origin now: a script runs in whatever
 * document is there by then, and no page can say of itself that it is of another origin.
 */
export const handOver = (text: string, origin: string): string =>
  `if(location.origin===${literal(origin)})try{Portico.receive(${literal(text)})}catch(e){};true;`

export class Instance {
  readonly #binding: Binding
  readonly #options: InstanceOptions
  #view: View | null = null
  #over = false
  /** Of which origin the sender of the message is that is judged now. */
  #from = ''
  /** Of which origin the document is that shook hands. */
  #origin = ''

  constructor(options: InstanceOptions) {
    this.#options = options
    this.#binding = bind({
      client_id: options.client_id,
      origins: [...options.origins],
      methods: [...options.methods],
      sid: options.sid,
      context: options.context,
      // What is injected runs in whatever document of that origin is there by then.
      addressed: false,
      call: options.call,
      send: (text, type) => {
        // A handshake is answered while it is judged: from now on the page is where it came from.
        if (type === 'welcome' || type === 'refused') this.#origin = this.#from
        this.#view?.injectJavaScript(handOver(text, this.#origin))
      },
      nonce: options.nonce,
    })
  }

  /** The WebView that this instance is; null when it is gone. */
  attach(view: View | null): void {
    this.#view = view
  }

  /**
   * A message of some frame of this WebView.
   *
   * Its address is what the system says of the sender (on Android the frame's origin, on iOS its address). A
   * frame that is inside the page passes only for a `hello` and only with an origin of the program itself: the
   * answer, with the nonce that every call needs, is injected into the main frame and nowhere else.
   */
  message({ url, data }: Message): void {
    const origin = originOf(url)
    if (origin === null) return
    // The main frame is never anywhere else: it could not go there, or this instance is over.
    const main_frame = this.#options.origins.includes(origin)
    this.#from = origin
    this.#binding.receive({ instance: !this.#over && this.#view !== null, main_frame, origin }, data)
  }

  /** Whether the WebView may go there. What is not known to be a frame inside the page is the page. */
  mayGo({ url, isTopFrame }: Navigation): boolean {
    if (this.#over) return false
    const origin = originOf(url)
    if (isTopFrame === false) return origin !== null || url === 'about:blank' || url === 'about:srcdoc'
    if (this.#isHome(origin)) return true
    if (origin !== null) this.#options.external(url)
    return false
  }

  #isHome(origin: string | null): boolean {
    const { origins, through } = this.#options
    return origin !== null && (origins.includes(origin) || origin === through)
  }

  /** The page asks for a window of its own: there is this one, and a site of somebody else is opened outside. */
  opens(address: string): void {
    const origin = originOf(address)
    if (this.#over || origin === null) return
    if (this.#isHome(origin)) this.#view?.injectJavaScript(`location.assign(${literal(address)});true;`)
    else this.#options.external(address)
  }

  /** The main frame begins to show an address, whether or not anybody was asked before. */
  shows(address: string): void {
    if (this.#over || address === 'about:blank') return
    if (this.#isHome(originOf(address))) return
    const view = this.#view
    this.end()
    view?.stopLoading()
    this.#options.strayed()
  }

  /** Which stay the exchange said it is: the next document is welcomed to it. */
  at(sid: string): void {
    this.#binding.at(sid)
  }

  event(name: string, data?: object): void {
    this.#binding.event(name, data)
  }

  context(now: object): void {
    this.#binding.context(now)
  }

  goBack(): void {
    this.#view?.goBack()
  }

  leaveFullScreen(): void {
    if (!this.#over) this.#view?.injectJavaScript(`${OUT_OF_FULL_SCREEN}true;`)
  }

  /** The stay is over: the page hears it, and is heard no more. */
  lock(reason: string): void {
    this.#binding.lock(reason)
    this.leaveFullScreen()
    this.end()
  }

  /** Nothing that was asked for is answered any more, and nothing is heard. */
  end(): void {
    this.#over = true
    this.#binding.retire()
  }
}
