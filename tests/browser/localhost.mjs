// For Node where the system does not know the names below localhost: they are this machine (RFC 6761 §6.3).
import dns from 'node:dns'

const { lookup } = dns
dns.lookup = (name, ...rest) => lookup(name.endsWith('.localhost') ? '127.0.0.1' : name, ...rest)
