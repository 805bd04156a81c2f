export * from './native'

import './native'

/** What every rejected promise and every throw of this package carries. */
export interface MlxCodeError extends Error {
  /** A stable name, such as `models.not_found`. */
  code: string
  /** The class, such as `not_found`. */
  kind: string
  /** What to do about it, where there is something to do. */
  help: string | null
}

declare module './native' {
  interface Turn extends AsyncIterable<string> {}
  interface Generation extends AsyncIterable<Token> {}
}
