import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * Hadoop's local file system with listings that stay whole while a symlink in the path moves.
 *
 * Hadoop lists the names in a directory and then stats each under the given path. If `active` moves in between, the files
 * are missing and Hadoop skips them silently: Trino reads some of a table's files, or none. This class resolves the path
 * once and lists the directory it resolved to, which never changes.
 */
public class WholeFolders extends LocalFileSystem {
    public WholeFolders() {
        super(new Followed());
    }

    private static class Followed extends RawLocalFileSystem {
        @Override
        public FileStatus[] listStatus(Path asked) throws IOException {
            File folder = pathToFile(asked);
            if (!folder.isDirectory()) {
                return super.listStatus(asked);
            }
            FileStatus[] found;
            try {
                found = super.listStatus(new Path(folder.toPath().toRealPath().toUri()));
            } catch (NoSuchFileException gone) {
                throw (IOException) new FileNotFoundException(asked.toString()).initCause(gone);
            }
            for (int index = 0; index < found.length; index++) {
                FileStatus file = found[index];
                // Under the path that was asked for: who opens a file after the move is told that it is gone. Without
                // owner and permissions: Hadoop would ask for them later, under that path, and Trino takes a file that
                // is gone then for the end of the list.
                Path path = makeQualified(new Path(asked, new Path(null, null, file.getPath().getName())));
                found[index] = new FileStatus(file.getLen(), file.isDirectory(), file.getReplication(),
                        file.getBlockSize(), file.getModificationTime(), path);
            }
            return found;
        }
    }
}
