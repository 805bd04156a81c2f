'use strict'

// The native module, plus what JavaScript alone can add: `for await`.

const native = require('./native.js')

for (const type of [native.Turn, native.Generation]) {
  type.prototype[Symbol.asyncIterator] = async function* () {
    try {
      for (let item = await this.next(); item !== null; item = await this.next()) yield item
    } finally {
      // Leaving the loop early ends the work; after the end it does nothing.
      this.cancel()
    }
  }
}

module.exports.Generation = native.Generation
module.exports.Model = native.Model
module.exports.Plan = native.Plan
module.exports.Turn = native.Turn
module.exports.Workspace = native.Workspace
