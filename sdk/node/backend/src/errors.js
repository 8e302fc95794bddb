// What goes wrong, told apart: what somebody presented is no good, or nobody can say.

/** Something that was presented is refused. `error` is one of OAuth's strings. */
export class PorticoError extends Error {
  constructor(error, description) {
    super(description ? `${error}: ${description}` : error)
    this.name = 'PorticoError'
    this.error = error
  }
}

/** Nobody can say: Portico does not answer, or not as it should. Never take this for a yes. */
export class Unavailable extends Error {
  constructor(what, cause) {
    super(what, { cause })
    this.name = 'Unavailable'
  }
}
