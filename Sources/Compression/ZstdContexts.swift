import CZstd
import WireProtocol

/// Zstandard's working memory, made at the first use of each direction: about 150 KiB to inflate, and to compress as
/// much as the largest envelope so far asked for.
final class ZstdContexts {
    private var compressing: OpaquePointer?
    private var inflating: OpaquePointer?

    deinit {
        ZSTD_freeCCtx(compressing)
        ZSTD_freeDCtx(inflating)
    }

    func compress(
        _ input: UnsafeRawBufferPointer,
        level: Int32,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        if compressing == nil { compressing = ZSTD_createCCtx() }
        guard let compressing else { return nil }
        let written = ZSTD_compressCCtx(
            compressing,
            output.baseAddress,
            output.count,
            input.baseAddress,
            input.count,
            level
        )
        return ZSTD_isError(written) == 0 ? written : nil
    }

    func inflate(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionFlaw) {
        if inflating == nil { inflating = ZSTD_createDCtx() }
        guard let inflating else { throw .corrupt }
        // One frame and no more: the library would read on through as many as there are.
        let length = ZSTD_findFrameCompressedSize(input.baseAddress, input.count)
        guard ZSTD_isError(length) == 0 else { throw .corrupt }
        guard length == input.count else { throw .trailing }
        let written = ZSTD_decompressDCtx(
            inflating,
            output.baseAddress,
            output.count,
            input.baseAddress,
            input.count
        )
        guard ZSTD_isError(written) == 0 else {
            throw ZSTD_getErrorCode(written) == ZSTD_error_dstSize_tooSmall ? .size : .corrupt
        }
        guard written == output.count else { throw .size }
    }
}
