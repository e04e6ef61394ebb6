// connect.mjs - a connection to the server: to port 1935, or over TLS to { tls: 1936 }, which may
// have more of what tls.connect() takes.  Nobody checks the server's certificate here.

import net from 'node:net';
import tls from 'node:tls';

const SERVER = { host: '127.0.0.1', noDelay: true };

export function connectTo(port, socketOptions = {}) {
    if (typeof port === 'number')
        return net.connect({ port, ...SERVER, ...socketOptions });
    const { tls: number, ...options } = port;
    return tls.connect({ port: number, ...SERVER, rejectUnauthorized: false, ...socketOptions, ...options });
}
