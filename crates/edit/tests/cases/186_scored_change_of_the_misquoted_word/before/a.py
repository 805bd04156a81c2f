import net

listen = net.open_listener()
port = 8081
serve(listen, port)
