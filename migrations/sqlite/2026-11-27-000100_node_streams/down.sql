DROP TABLE node_streams;
