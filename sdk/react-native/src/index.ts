// For super apps in React Native. README.md is the guide.

export { readDeepLink } from './address'
export type { DeepLink } from './address'
export { followEvents } from './events'
export type { EventsOptions } from './events'
export { PorticoHost } from './PorticoHost'
export { MiniProgram } from './MiniProgram'
export type { MiniProgramProps } from './MiniProgram'
export { MiniPrograms } from './MiniPrograms'
export type { MiniProgramsProps } from './MiniPrograms'
export type { Program } from './program'
export type { Drawn, Follower, Heard, HostOptions, HostState, Launch, Looks, Refusal, WebTicket, World } from './types'
export { usePorticoHost } from './usePorticoHost'
