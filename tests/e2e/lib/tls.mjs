// tls.mjs - certificates made for a test, and servers that use them.

import { join } from 'node:path';
import { connectTo } from './connect.mjs';
import { temporaryFolder } from './media.mjs';
import { run } from './process.mjs';
import { startServer } from './server.mjs';
import { within } from './wait.mjs';

// A certificate for these names, signed by itself, and its key: { cert, key }, files in `folder`.
export async function makeCertificate(folder, file, names = ['localhost'], { days = 30, kind = 'ec' } = {}) {
    const pair = { cert: join(folder, `${file}.crt`), key: join(folder, `${file}.key`) };
    const algorithm = kind === 'ec' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['rsa:2048'];
    await run('openssl', ['req', '-x509', '-newkey', ...algorithm, '-nodes', '-days', days, '-keyout', pair.key,
                          '-out', pair.cert, '-subj', `/CN=${names[0]}`,
                          '-addext', `subjectAltName=${names.map(name => `DNS:${name}`).join(',')}`]);
    return pair;
}

export function pairSettings({ cert, key }) {
    return { 'rtmps.port': 0, 'https.port': 0, 'rtmps.cert': cert, 'rtmps.key': key, 'https.cert': cert, 'https.key': key };
}

async function portOf(server, scheme) {
    const line = await server.logged(new RegExp(`listening on ${scheme}://`));
    return Number(/:(\d+)$/.exec(line.message)[1]);
}

// A server whose ports for TLS use `pair`, by default one made for it.  `server.secure` is its
// face for viewers and publishers over TLS.
export async function startTlsServer(t, settings = {}, pair = undefined, options = {}) {
    const server = await startServer(t, { ...pairSettings(pair ?? await makeCertificate(temporaryFolder(t), 'server')),
                                          ...settings }, options);
    server.rtmpsPort = await portOf(server, 'rtmps');
    server.httpsPort = await portOf(server, 'https');
    server.secure = { rtmpPort: { tls: server.rtmpsPort }, httpPort: { tls: server.httpsPort } };
    server.rtmpsUrl = path => `rtmps://127.0.0.1:${server.rtmpsPort}${path}`;
    server.httpsUrl = path => `https://127.0.0.1:${server.httpsPort}${path}`;
    server.wssUrl = path => `wss://127.0.0.1:${server.httpsPort}${path}`;
    return server;
}

// The certificate's common name that a client gets who asks for `servername`.
export async function nameSeen(port, servername, options = {}) {
    const socket = connectTo({ tls: port, ...(servername && { servername }), ...options });
    try {
        await within(5000, new Promise((resolve, reject) => {
            socket.once('secureConnect', resolve);
            socket.once('error', reject);
        }), 'a TLS handshake');
        return socket.getPeerCertificate().subject.CN;
    } finally {
        socket.destroy();
    }
}
