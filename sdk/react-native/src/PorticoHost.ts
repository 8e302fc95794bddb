// The host: which programs are open, what locks and covers them, the consent sheet, the way back.
//
// It draws nothing and knows no React; MiniPrograms.tsx draws its state. It keeps no token and no key: the
// app launches, refreshes and signs proofs. docs/bridge.md is the guide of the bridge.

import { originOf, readInteraction } from './address'
import { Program } from './program'
import type { Follower, HostOptions, HostState, Launch, Looks, Refusal, World } from './types'
import { device, drawNonce } from './world'

const AWAY_MS = 30000
// A timer counts to 24 days; a session may be longer.
const MAX_TIMER_MS = 2 ** 31 - 1
// The events of the host's stream that end a stay; one that names a program ends that alone.
const ENDS = ['session_expired', 'session_ended', 'user_changed']
const ANSWERED = ['allowed', 'partial', 'denied']
// What React Native's `fetch` says where there is no network.
const OFFLINE = /^Network request (failed|timed out)$/

interface Sheet {
  key: string
  interaction_uri: string
  interaction: string | undefined
  done(result: string): void
}

const refuse = (error: string): Refusal => ({ error })

/** The host of one account. */
export class PorticoHost {
  readonly #options: HostOptions
  readonly #world: World
  #programs: Program[] = []
  // What the back gesture shows again, the last first.
  #layers: Program[] = []
  readonly #listeners = new Set<() => void>()
  #account: string
  /** Counts who signed in: what belongs to the one before counts no more. */
  #turn = 0
  #looks: Looks
  #follower: Follower
  #locked: string | null = null
  #sheet: Sheet | null = null
  #left: number | null = null
  /** When the session ends, by this device's clock. */
  #expiry: number | null = null
  #timer: unknown
  #state: HostState = { locked: null, programs: [], sheet: null }

  constructor(options: HostOptions, world: World = device) {
    // A device that cannot draw a nonce is noticed here, and not in front of a program.
    drawNonce(world)
    this.#options = options
    this.#world = world
    this.#account = options.account
    this.#looks = options.looks ?? {}
    this.#follower = this.#follow()
  }

  // What is drawn.

  get state(): HostState {
    return this.#state
  }

  /** Hears that there is a new state; what comes back stops that. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** The program that is drawn under a key, while that WebView is the one. */
  program(key: string): Program | undefined {
    return this.#programs.find((program) => program.drawn(false).key === key)
  }

  #changed = (): void => {
    const sheet = this.#sheet
    this.#state = {
      locked: this.#locked,
      programs: this.#programs.map((program) => program.drawn(sheet !== null)),
      sheet: sheet && { key: sheet.key, interaction_uri: sheet.interaction_uri },
    }
    this.#listeners.forEach((listener) => listener())
  }

  // Programs.

  /** Opens a program as the app's backend described it, and shows it. */
  open(launch: Launch): Program {
    if (this.#locked !== null) throw refuse('locked')
    const program: Program = new Program({
      launch,
      looks: this.#looks,
      world: this.#world,
      call: (from, method, params, how) => this.#call(from, method, params, how),
      external: (address) => this.#options.external?.(launch.client_id, address),
      changed: this.#changed,
    })
    this.#programs.push(program)
    this.show(program)
    return program
  }

  show(program: Program): void {
    const before = this.#front()
    if (before === program || !this.#programs.includes(program)) return
    if (before) this.#hide(before)
    this.#layers = [...this.#layers.filter((layer) => layer !== program), program]
    program.inFront = true
    program.event('shown')
    this.#changed()
  }

  hide(program: Program): void {
    this.#layers = this.#layers.filter((layer) => layer !== program)
    if (program.inFront) this.#hide(program)
    this.#changed()
  }

  close(program: Program): void {
    this.#remove(program)
    this.#changed()
  }

  #front(): Program | undefined {
    return this.#programs.find((program) => program.inFront)
  }

  #hide(program: Program): void {
    program.inFront = false
    program.event('hidden')
  }

  #remove(program: Program): void {
    this.#programs = this.#programs.filter((other) => other !== program)
    this.#layers = this.#layers.filter((layer) => layer !== program)
    program.inFront = false
    program.end()
  }

  /**
   * The back gesture: the sheet goes first, then what the program itself can take back, then the program.
   * False where there is nothing of ours to take away.
   */
  back(): boolean {
    if (this.#sheet) {
      this.#sheet.done('later')
      return true
    }
    const front = this.#front()
    if (!front) return false
    if (front.canGoBack && front.reason === null && !front.covered) {
      front.instance?.goBack()
      return true
    }
    this.hide(front)
    const below = this.#layers.at(-1)
    if (below) this.show(below)
    return true
  }

  // Calls.

  async #call(program: Program, method: string, params: Record<string, unknown>, how: { signal: AbortSignal }): Promise<object> {
    const answer = await this.#ask(program, method, params, how, true)
    const { sid, ...result } = (answer ?? {}) as { sid?: unknown }
    if (typeof sid === 'string') program.at(sid)
    return result
  }

  async #ask(program: Program, method: string, params: Record<string, unknown>, how: { signal: AbortSignal }, again: boolean): Promise<unknown> {
    try {
      return await this.#options.call(program.launch.client_id, method, params, how)
    } catch (thrown) {
      if (thrown instanceof Error && OFFLINE.test(thrown.message)) throw refuse('temporarily_unavailable')
      const refusal = thrown as Refusal | undefined
      if (!again || refusal?.error !== 'consent_required' || !refusal.interaction_uri || how.signal.aborted) throw thrown
      // Nobody answers for a program that they do not see.
      if (!program.inFront || program.reason !== null || program.covered) throw refuse('interaction_required')
      if (!ANSWERED.includes(await this.#ends(refusal))) throw refuse('access_denied')
      return this.#ask(program, method, params, how, false)
    }
  }

  // The consent sheet.

  /** Shows a sheet over everything. Resolves to what it ended with, which is a hint. */
  #ends({ interaction_uri, interaction }: Refusal): Promise<string> {
    if (this.#sheet || this.#options.interaction_return_uri === undefined) return Promise.reject(refuse('temporarily_unavailable'))
    this.#programs.forEach((program) => program.instance?.leaveFullScreen())
    return new Promise((resolve) => {
      const done = (result: string) => {
        this.#sheet = null
        this.#changed()
        resolve(result)
      }
      this.#sheet = { key: drawNonce(this.#world), interaction_uri: interaction_uri as string, interaction, done }
      this.#changed()
    })
  }

  /**
   * Whether the WebView of a sheet may go there. The address at which sheets end is never loaded: it closes
   * the sheet. What the sheet links to besides (a publisher's pages) is opened outside.
   */
  sheetMayGo(key: string, address: string): boolean {
    const sheet = this.#sheet
    if (sheet?.key !== key) return false
    const ended = readInteraction(address, this.#options.interaction_return_uri as string)
    if (ended && (sheet.interaction === undefined || ended.interaction === sheet.interaction)) sheet.done(ended.result)
    return ended === null && originOf(address) !== null && originOf(address) === originOf(sheet.interaction_uri)
  }

  // The session.

  /** Locks everything, or one program. */
  lock(reason: string, client_id?: string): void {
    if (client_id === undefined) {
      this.#locked ??= reason
      this.#world.clearTimeout(this.#timer)
      this.#expiry = null
    }
    this.#sheet?.done('ended')
    for (const program of this.#programs) {
      if (client_id === undefined || program.launch.client_id === client_id) program.lock(reason)
    }
    this.#changed()
  }

  /**
   * Somebody signed in. The same person goes on where a program has a `sid`, each in a new WebView. For another
   * one everything is closed and emptied first; where that fails it stays locked.
   */
  async signedIn({ account, sids = {} }: { account: string; sids?: Record<string, string | null> }): Promise<void> {
    const same = account === this.#account
    const turn = (this.#turn += 1)
    for (const program of this.#programs) {
      // What signed in by a ticket needs another one, and is opened anew.
      const sid = same && !program.launch.ticket ? sids[program.launch.client_id] : undefined
      if (sid === undefined) this.#remove(program)
      else program.reopen(sid)
    }
    this.#follower.close()
    if (!same) {
      this.#locked ??= 'user_changed'
      this.#changed()
      await this.#options.clearData()
      // Somebody else was quicker, or the host is gone.
      if (turn !== this.#turn) return
    }
    this.#account = account
    this.#locked = null
    this.#follower = this.#follow()
    this.#changed()
  }

  setLooks(looks: Looks): void {
    this.#looks = looks
    this.#programs.forEach((program) => program.looks(looks))
  }

  /** The app comes to the front, or leaves it. */
  appIs(active: boolean): void {
    this.#front()?.event(active ? 'shown' : 'hidden')
    const now = this.#world.now()
    if (!active) {
      this.#left ??= now
      return
    }
    if (this.#left === null) return
    const away = now - this.#left
    this.#left = null
    // Timers stand still in the background.
    if (this.#expiry !== null && now >= this.#expiry) return this.lock('expired')
    // A clock that went back says nothing of how long it was.
    if (away >= 0 && away < AWAY_MS) return
    for (const program of this.#programs) program.covered = true
    this.#changed()
    this.#follower.check()
  }

  /** Nothing is open and nothing is followed any more. */
  end(): void {
    this.#turn += 1
    this.#sheet?.done('ended')
    this.#programs.forEach((program) => this.#remove(program))
    this.#follower.close()
    this.#world.clearTimeout(this.#timer)
    this.#locked ??= 'ended'
    this.#changed()
  }

  #follow(): Follower {
    const turn = this.#turn
    return this.#options.follow(this.#account, (name, data) => {
      // Nothing that comes late from one person's stream reaches another's programs.
      if (turn === this.#turn) this.#hear(name, data)
    })
  }

  #hear(name: string, data: Record<string, any>): void {
    if (ENDS.includes(name)) {
      this.lock(data.reason ?? (name === 'user_changed' ? name : 'expired'), data.client_id)
      // Somebody else is here now: nothing of the person before stays, not even under a cover.
      if (name === 'user_changed') this.#programs.forEach((program) => this.#remove(program))
    } else if (name === 'mini_program_suspended') {
      this.lock('suspended', data.client_id)
    } else if (name === 'ready' && this.#locked === null) {
      if (data.session_expires_at) this.#expires(data.session_expires_at - data.at)
      for (const program of this.#programs) program.covered = false
    } else if (name === 'grant_changed') {
      const { client_id, ...change } = data
      for (const program of this.#programs) if (program.launch.client_id === client_id) program.event(name, change)
    }
    this.#changed()
    this.#options.heard?.(name, data)
  }

  /** Locks here when the session's time is up, also without a network; `left` is the server's count. */
  #expires(left: number): void {
    this.#world.clearTimeout(this.#timer)
    if (left <= 0) return this.lock('expired')
    this.#expiry = this.#world.now() + left
    this.#timer = this.#world.setTimeout(() => this.#expires(left - MAX_TIMER_MS), Math.min(left, MAX_TIMER_MS))
  }
}
