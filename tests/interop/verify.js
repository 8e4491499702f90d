// Checks compact JWS with the library jose, as its own documentation says to, and prints one JSON document:
// for each file the header and the payload, or the error's code. Also the thumbprint of the key.
//
//     node verify.js JOSE-FOLDER KEY.jwk FILE...
"use strict";
const fs = require("fs");

async function main() {
    const [folder, keyFile, ...files] = process.argv.slice(2);
    const jose = require(folder);
    const jwk = JSON.parse(fs.readFileSync(keyFile, "utf8"));
    const key = await jose.importJWK(jwk);
    const result = {thumbprint: await jose.calculateJwkThumbprint(jwk), files: {}};
    for (const file of files) {
        try {
            const {payload, protectedHeader} = await jose.compactVerify(
                fs.readFileSync(file, "latin1"), key, {algorithms: ["EdDSA"]});
            result.files[file] = {
                header: protectedHeader, payload: Buffer.from(payload).toString("utf8")};
        } catch (error) {
            result.files[file] = {error: error.code || String(error)};
        }
    }
    process.stdout.write(JSON.stringify(result));
}

main();
